{# numerator / denominator as double; NULL where the denominator is 0 or either is NULL. #}
{% macro safe_divide(numerator, denominator) -%}
    (cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0))
{%- endmacro %}
