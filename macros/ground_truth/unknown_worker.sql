{% macro unknown_worker() -%}
    'unknown'
{%- endmacro %}
