{% macro seconds_between(start_time, end_time) -%}
    (cast(date_diff('millisecond', {{ start_time }}, {{ end_time }}) as double) / 1000)
{%- endmacro %}
