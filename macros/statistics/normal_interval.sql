{# The 97.5 % point of the standard normal distribution: 95 % are within so many standard errors. #}
{% macro normal_quantile() -%}
    cast(1.959963984540054 as double)
{%- endmacro %}


{# Not greatest() and least(): the engines differ in what they make of NULL. #}
{% macro normal_low(estimate, standard_error, lower_bound) -%}
    {%- set low = '(' ~ estimate ~ ' - ' ~ normal_quantile() ~ ' * ' ~ standard_error ~ ')' -%}
    case when {{ low }} < {{ lower_bound }} then {{ lower_bound }} else {{ low }} end
{%- endmacro %}


{% macro normal_high(estimate, standard_error, upper_bound) -%}
    {%- set high = '(' ~ estimate ~ ' + ' ~ normal_quantile() ~ ' * ' ~ standard_error ~ ')' -%}
    case when {{ high }} > {{ upper_bound }} then {{ upper_bound }} else {{ high }} end
{%- endmacro %}
