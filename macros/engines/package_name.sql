{# This project's name; project_name is another's if that one uses this as a package. #}
{% macro package_name() -%}
    {{ return('ground_truth_analytics') }}
{%- endmacro %}
