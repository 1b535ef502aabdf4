{#
  Chance that a standard normal variable is above z, with a relative error of at most about 1.2e-7, also far out: the
  Chebyshev fit to the complementary error function of Press and others (Numerical Recipes, "erfcc").
#}
{% macro normal_tail(z) -%}
    {%- set z = '(' ~ z ~ ')' -%}
    {%- set t = '(1 / (1 + abs(' ~ z ~ ') / sqrt(cast(8 as double))))' -%}
    {%- set polynomial = namespace(sql='0.17087277e0') -%}
    {%- for coefficient in [
        '-0.82215223e0', '1.48851587e0', '-1.13520398e0', '0.27886807e0', '-0.18628806e0', '0.09678418e0', '0.37409196e0',
        '1.00002368e0', '-1.26551223e0',
    ] -%}
        {%- set polynomial.sql = '(' ~ coefficient ~ ' + ' ~ t ~ ' * ' ~ polynomial.sql ~ ')' -%}
    {%- endfor -%}
    (
        (case when {{ z }} < 0 then 1 else 0 end)
        + (case when {{ z }} < 0 then -1 else 1 end)
        * {{ t }} * exp({{ polynomial.sql }} - {{ z }} * {{ z }} / 2) / 2
    )
{%- endmacro %}
