{#
  Chance that most of so many answers, drawn without return from all answers to an object, are among those that agree. An
  odd number is drawn. The hypergeometric terms are products of doubles, so binomials never overflow.
#}
{% macro majority_chance(agreeing_count, answer_count, drawn_count) -%}
    {%- set a, n = '(' ~ agreeing_count ~ ')', '(' ~ answer_count ~ ')' -%}
    {%- set terms = [] -%}
    {%- for agreeing in range(drawn_count // 2 + 1, drawn_count + 1) -%}
        {%- set binomial = namespace(value=1) -%}
        {%- for place in range(agreeing) -%}
            {%- set binomial.value = binomial.value * (drawn_count - place) // (place + 1) -%}
        {%- endfor -%}
        {%- set factors = [binomial.value ~ 'e0'] -%}
        {%- for place in range(agreeing) -%}
            {%- do factors.append('(' ~ a ~ ' - ' ~ place ~ 'e0)') -%}
        {%- endfor -%}
        {%- for place in range(drawn_count - agreeing) -%}
            {%- do factors.append('(' ~ n ~ ' - ' ~ a ~ ' - ' ~ place ~ 'e0)') -%}
        {%- endfor -%}
        {%- do terms.append(factors | join(' * ')) -%}
    {%- endfor -%}
    {%- set ways = [] -%}
    {%- for place in range(drawn_count) -%}
        {%- do ways.append('(' ~ n ~ ' - ' ~ place ~ 'e0)') -%}
    {%- endfor -%}
    {#- A factor is 0 if there are too few answers of a kind; of all answers, if too few were given. -#}
    (({{ terms | join(' + ') }}) / nullif({{ ways | join(' * ') }}, 0))
{%- endmacro %}
