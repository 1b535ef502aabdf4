{#
  Chance of at least so many successes in so many trials, by the normal approximation of Peizer and Pratt (1968); exact for
  no success, one, and all. Doubles are written with an exponent, so that whole numbers are never divided by one another.
#}
{% macro binomial_tail(successes, trials, chance) -%}
    {%- set x, n, p = '(' ~ successes ~ ')', '(' ~ trials ~ ')', '(' ~ chance ~ ')' -%}
    {#- Successes and failures at the border of the tail, each by its expected number. -#}
    {%- set s, f = '(' ~ x ~ ' - 0.5e0)', '(' ~ n ~ ' - ' ~ x ~ ' + 0.5e0)' -%}
    {%- set s_ratio = s ~ ' / nullif(' ~ n ~ ' * ' ~ p ~ ', 0)' -%}
    {%- set f_ratio = f ~ ' / nullif(' ~ n ~ ' * (1 - ' ~ p ~ '), 0)' -%}
    {#- DuckDB may compute what another branch of the CASE is for: nothing is divided by 0, no logarithm is of 0. -#}
    {%- set z -%}
        (({{ x }} - 1e0 / 3 - ({{ n }} + 1e0 / 3) * {{ p }} + 0.02e0 * (
            (1 - {{ p }}) / nullif({{ x }}, 0) - {{ p }} / nullif({{ f }} + 0.5e0, 0) + (0.5e0 - {{ p }}) / ({{ n }} + 1)
        )) / nullif(sqrt(({{ n }} + 1e0 / 6) * case
            -- At the center both the distance and the deviance are 0: the limit of their ratio.
            when abs({{ s }} - {{ n }} * {{ p }}) < 1e-3 then {{ p }} * (1 - {{ p }})
            else power({{ s }} - {{ n }} * {{ p }}, 2) / nullif(2 * {{ n }} * (
                {{ s }} * ln(greatest({{ s_ratio }}, 1e-300)) + {{ f }} * ln(greatest({{ f_ratio }}, 1e-300))
            ), 0)
        end), 0))
    {%- endset -%}
    case
        when {{ x }} <= 0 and {{ n }} is not null and {{ p }} is not null then 1e0
        when {{ x }} > {{ n }} and {{ p }} is not null then 0e0
        when {{ p }} <= 0 and {{ x }} <= {{ n }} then 0e0
        when {{ p }} >= 1 and {{ x }} <= {{ n }} then 1e0
        when {{ x }} = {{ n }} then power({{ p }}, {{ n }})
        when {{ x }} = 1 then 1 - power(1 - {{ p }}, {{ n }})
        else {{ normal_tail(z) }}
    end
{%- endmacro %}
