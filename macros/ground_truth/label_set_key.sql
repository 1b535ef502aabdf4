{% macro label_set_key(set_kind, answer_no) -%}
    {{ set_kind }} || coalesce('-' || cast({{ answer_no }} as varchar), '')
{%- endmacro %}


{# Whether a set is a reference of another: of an answer, or of the labels after an adjustment. #}
{% macro is_compared(reference, answer) -%}
    (
        ({{ answer }}.set_kind = 'answer' and {{ reference }}.set_kind in ('golden', 'consolidated'))
        or (
            {{ answer }}.set_kind = 'answer'
            and {{ reference }}.set_kind = 'answer'
            and {{ reference }}.answer_no < {{ answer }}.answer_no
        )
        or ({{ answer }}.set_kind = 'consolidated' and {{ reference }}.set_kind = 'inherited')
    )
{%- endmacro %}


{# What is known of two labels, one of each set. #}
{% macro label_pair_columns(reference, answer) -%}
    {{ reference }}.job_name,
    {{ reference }}.object_index,
    {{ reference }}.shape,
    {{ reference }}.label_set_key as reference_set_key,
    {{ answer }}.label_set_key as answer_set_key,
    {{ reference }}.member_no as reference_member_no,
    {{ answer }}.member_no as answer_member_no,
    {{ reference }}.frame_index,
    {{ reference }}.label as reference_label,
    {{ answer }}.label as answer_label,
    {{ reference }}.track_id as reference_track_id,
    {{ answer }}.track_id as answer_track_id
{%- endmacro %}
