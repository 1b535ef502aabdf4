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


{# Whether two labels of crowded sets are on the two sides of one pair of sets, of one shape and in one frame. #}
{% macro is_of_same_pair_of_sets(reference, answer) -%}
    {{ reference }}.is_reference
    and not {{ answer }}.is_reference
    {%- for column in ['job_name', 'object_index', 'reference_set_key', 'answer_set_key', 'shape'] %}
    and {{ reference }}.{{ column }} = {{ answer }}.{{ column }}
    {%- endfor %}
    -- Outside sequences both are NULL.
    and coalesce({{ reference }}.frame_index, -1) = coalesce({{ answer }}.frame_index, -1)
{%- endmacro %}


{#
  Select: the labels of one class and frame of each pair of int_chance_pairs, and how much they overlap. The members have
  the extent of their set, from label_set_extent.
#}
{% macro labels_by_chance(pairs, members) -%}
    select
        {{ pairs }}.job_name,
        {{ pairs }}.object_index,
        {{ pairs }}.label_set_key,
        {{ pairs }}.other_object_index,
        {{ pairs }}.other_label_set_key,
        {{ pairs }}.pair_no,
        {{ pairs }}.shape,
        members.member_no,
        other_members.member_no as other_member_no,
        case
            when {{ pairs }}.shape = 'keypoint' then {{ keypoint_overlap('members', 'other_members') }}
            else {{ label_overlap('members', 'other_members') }}
        end as overlap
    from {{ pairs }}
    inner join {{ members }} as members
        on {{ pairs }}.job_name = members.job_name
        and {{ pairs }}.object_index = members.object_index
        and {{ pairs }}.label_set_key = members.label_set_key
    inner join {{ members }} as other_members
        on {{ pairs }}.job_name = other_members.job_name
        and {{ pairs }}.other_object_index = other_members.object_index
        and {{ pairs }}.other_label_set_key = other_members.label_set_key
        and coalesce(members.label, '') = coalesce(other_members.label, '')
        and (members.label is null) = (other_members.label is null)
        -- Outside sequences both are NULL.
        and coalesce(members.frame_index, -1) = coalesce(other_members.frame_index, -1)
{%- endmacro %}
