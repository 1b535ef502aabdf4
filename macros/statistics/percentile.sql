{#
  Linear interpolation between the values around position h = 1 + quantile * (n - 1), as numpy's default. Starting at the
  lower value and adding a part of the difference is exact for two equal values; weights that sum to almost 1 are not.
#}
{% macro percentile(value, value_rank, value_count, quantile) -%}
    {%- set position = 'cast(' ~ quantile ~ ' as double) * (' ~ value_count ~ ' - 1)' -%}
    {%- set last_position = 'max(' ~ position ~ ')' -%}
    {%- set lower -%}
        max(case when {{ value_rank }} - 1 = floor({{ position }}) then {{ value }} end)
    {%- endset -%}
    {%- set upper -%}
        max(case when {{ value_rank }} - 1 = ceiling({{ position }}) then {{ value }} end)
    {%- endset -%}
    least({{ lower }} + ({{ upper }} - {{ lower }}) * ({{ last_position }} - floor({{ last_position }})), {{ upper }})
{%- endmacro %}
