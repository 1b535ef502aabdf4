{#
  The usual (p + z²/2n - z√(p(1-p)/n + z²/4n²)) / (1 + z²/n), with the difference rationalized, so it is exactly 0 for a
  share of 0.
#}
{% macro wilson_low(share, trials) -%}
    {%- set z = normal_quantile() -%}
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


{# One minus the lower end for the opposite share. #}
{% macro wilson_high(share, trials) -%}
    (1 - {{ wilson_low('1 - ' ~ share, trials) }})
{%- endmacro %}
