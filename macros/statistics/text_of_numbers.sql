{# Rounded twice, because a sum of doubles that ends in another digit must not become another text. #}
{% macro percent_text(share) -%}
    (cast(cast(round(100 * round({{ share }}, 9)) as bigint) as varchar) || ' %')
{%- endmacro %}


{% macro number_text(number, digits=0) -%}
    {%- set type = 'decimal(18, ' ~ digits ~ ')' if digits else 'bigint' -%}
    cast(cast(round(round({{ number }}, 9), {{ digits }}) as {{ type }}) as varchar)
{%- endmacro %}
