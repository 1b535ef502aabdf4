{# 95 % of a standard normal variable's values are below it. #}
{% macro one_sided_quantile() -%}
    1.6448536269514722e0
{%- endmacro %}


{#
  Upper end of the exact one-sided 95 % interval of a share (Clopper and Pearson 1934): exact if nothing or all but one is
  wrong, else by Pratt's approximation (1968), as Blyth (1986) gives it.
#}
{% macro exact_share_upper(error_count, sample_count) -%}
    {%- set x, n, z = '(' ~ error_count ~ ')', '(' ~ sample_count ~ ')', one_sided_quantile() -%}
    {%- set y = '(' ~ x ~ ' + 1e0)' -%}
    {#- Errors that were not found: never 0, which only the first cases have. -#}
    {%- set f = 'greatest(' ~ n ~ ' - ' ~ x ~ ', 1e0)' -%}
    case
        when {{ n }} <= 0 then null
        when {{ x }} >= {{ n }} then 1e0
        when {{ x }} = 0 then 1 - power(0.05e0, 1e0 / greatest({{ n }}, 1e0))
        when {{ x }} = {{ n }} - 1 then power(0.95e0, 1e0 / greatest({{ n }}, 1e0))
        else 1 / (1 + power({{ y }} / {{ f }}, 2) * power(
            (
                81 * {{ y }} * {{ f }} - 9 * {{ n }} - 8
                - 3 * {{ z }} * sqrt(9 * {{ y }} * {{ f }} * (9 * {{ n }} + 5 - {{ z }} * {{ z }}) + {{ n }} + 1)
            ) / (81 * {{ y }} * {{ y }} - 9 * {{ y }} * (2 + {{ z }} * {{ z }}) + 1),
            3
        ))
    end
{%- endmacro %}


{#
  Size of a sample with so many errors whose exact upper end is at most the target: exact if there is no error, else by
  Wilson and Hilferty's quantile of the Poisson distribution, with the first term that the binomial one differs by.
#}
{% macro certificate_sample_size(error_count, target_share) -%}
    {%- set x, target = '(' ~ error_count ~ ')', 'cast(' ~ target_share ~ ' as double)' -%}
    {%- set y = '(' ~ x ~ ' + 1e0)' -%}
    case
        when {{ x }} = 0 then ceiling(ln(0.05e0) / ln(1 - {{ target }}))
        else ceiling(
            {{ y }} * power(1 - 1 / (9 * {{ y }}) + {{ one_sided_quantile() }} / (3 * sqrt({{ y }})), 3)
            * (1 / {{ target }} - 0.5e0)
            + {{ x }} / 2e0
        )
    end
{%- endmacro %}
