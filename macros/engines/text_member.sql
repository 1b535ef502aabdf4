{#
  A text among the members of a JSON object, written as the loader writes the keys of a line that it does not know. The text
  has no quotation mark in it. NULL if there is no such member.
#}
{% macro text_member(json, name) -%}
    nullif(
        {{ dbt.split_part(
            dbt.split_part(json, "'\"" ~ name ~ "\":\"'", 2),
            "'\"'",
            1
        ) }},
        ''
    )
{%- endmacro %}
