{# A single name is a list of one, not a list of its letters. #}
{% macro list_var(name) %}
    {% do return([var(name)] if var(name) is string else var(name)) %}
{% endmacro %}

{% macro is_named(column, names) -%}
    {%- set texts = [] -%}
    {%- for name in names -%}
        {%- do texts.append("lower('" ~ name | string | replace("'", "''") ~ "')") -%}
    {%- endfor -%}
    {{ 'lower(' ~ column ~ ') in (' ~ texts | join(', ') ~ ')' if texts else 'false' }}
{%- endmacro %}
