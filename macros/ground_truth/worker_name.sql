{% macro worker_name(worker_key) -%}
    'worker-' || substr({{ worker_key }}, 1, 8)
{%- endmacro %}
