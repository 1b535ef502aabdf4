{# Seconds from one timestamp to a later one, to the millisecond, as double. #}
{% macro seconds_between(start_time, end_time) -%}
    (cast(date_diff('millisecond', {{ start_time }}, {{ end_time }}) as double) / 1000)
{%- endmacro %}


{#
  Aggregate: the linear percentile (h = 1 + q(n - 1), as numpy's default) of the values of a group, without an
  engine's own percentile. `value_rank` numbers the group's values from 1, NULLs last; `value_count` is how many are
  not NULL. The two values beside h weigh by their nearness to it; where h is a whole number, one weighs all.
#}
{% macro percentile(value, value_rank, value_count, quantile) -%}
    {%- set distance -%}
        abs({{ value_rank }} - 1 - cast({{ quantile }} as double) * ({{ value_count }} - 1))
    {%- endset -%}
    sum(case when {{ distance }} < 1 then {{ value }} * (1 - {{ distance }}) end)
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
