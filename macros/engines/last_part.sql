{# dbt.split_part counts from the right on DuckDB only. #}
{% macro last_part(text, delimiter) -%}
    split_part(
        {{ text }},
        '{{ delimiter }}',
        length({{ text }}) - length(replace({{ text }}, '{{ delimiter }}', '')) + 1
    )
{%- endmacro %}
