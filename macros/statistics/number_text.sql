{# A number as text, with so many decimals. The same on both engines, which write doubles differently. #}
{% macro number_text(number, decimals=0) -%}
    {%- if decimals == 0 -%}
        cast(cast(round({{ number }}) as bigint) as varchar)
    {%- else -%}
        cast(cast(round({{ number }}, {{ decimals }}) as decimal(18, {{ decimals }})) as varchar)
    {%- endif -%}
{%- endmacro %}


{# A share, 0 to 1, as text in percent. #}
{% macro percent_text(share) -%}
    {{ number_text('100 * (' ~ share ~ ')') }} || ' %'
{%- endmacro %}
