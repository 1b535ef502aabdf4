{% macro label_set_key(set_kind, answer_no) -%}
    {{ set_kind }} || coalesce('-' || cast({{ answer_no }} as varchar), '')
{%- endmacro %}
