{# Seconds from one timestamp to a later one, to the millisecond, as double. #}
{% macro seconds_between(start_time, end_time) -%}
    (cast(date_diff('millisecond', {{ start_time }}, {{ end_time }}) as double) / 1000)
{%- endmacro %}


{#
  Aggregate: the linear percentile (h = 1 + q(n - 1), as numpy's default) of the values of a group, without an
  engine's own percentile. `value_rank` numbers the group's values from 1, NULLs last; `value_count` is how many are
  not NULL. From the value at or below h it goes as far towards the next as h does: where the two are equal it is
  exactly they, which weights that add up to almost 1 would not give.
#}
{% macro percentile(value, value_rank, value_count, quantile) -%}
    {%- set place = 'cast(' ~ quantile ~ ' as double) * (' ~ value_count ~ ' - 1)' -%}
    {%- set last_place = 'max(' ~ place ~ ')' -%}
    {%- set lower -%}
        max(case when {{ value_rank }} - 1 = floor({{ place }}) then {{ value }} end)
    {%- endset -%}
    {%- set upper -%}
        max(case when {{ value_rank }} - 1 = ceiling({{ place }}) then {{ value }} end)
    {%- endset -%}
    least({{ lower }} + ({{ upper }} - {{ lower }}) * ({{ last_place }} - floor({{ last_place }})), {{ upper }})
{%- endmacro %}


{#
  Lower end of the Wilson 95 % interval of a share of `trials`; NULL where the share is. The usual
  (p + z²/2n - z√(p(1-p)/n + z²/4n²)) / (1 + z²/n), with the difference rationalised: exactly 0 where the share is 0.
#}
{% macro wilson_low(share, trials) -%}
    {%- set z = 'cast(1.959963984540054 as double)' -%}
    {%- set p = '(' ~ share ~ ')' -%}
    {%- set n = 'cast(' ~ trials ~ ' as double)' -%}
    (
        2 * {{ n }} * {{ p }} * {{ p }}
        / (
            2 * {{ n }} * {{ p }} + {{ z }} * {{ z }}
            + {{ z }} * sqrt({{ z }} * {{ z }} + 4 * {{ n }} * {{ p }} * (1 - {{ p }}))
        )
    )
{%- endmacro %}


{# Upper end of the same interval: what the lower end for the opposite share leaves. #}
{% macro wilson_high(share, trials) -%}
    (1 - {{ wilson_low('1 - ' ~ share, trials) }})
{%- endmacro %}
