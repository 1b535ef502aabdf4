{%- set coordinates = ['box_left', 'box_top', 'box_width', 'box_height', 'start_offset', 'end_offset', 'center_x',
    'center_y', 'center_z', 'cuboid_length', 'cuboid_width', 'cuboid_height', 'yaw'] -%}

-- Polylines overlap wholly if they are near enough, so their overlap does not say that they are equal.
with label_sets as (
    select * from {{ ref('int_label_sets') }}
    where
        set_kind = 'answer'
        and member_count > 0
        and shape in ('box', 'span', 'keypoint', 'cuboid', 'polygon', 'mask')
),

members as (
    select * from {{ ref('int_label_set_members') }}
    where
        set_kind = 'answer'
        and shape in ('box', 'span', 'keypoint', 'cuboid')
),

measured_overlaps as (
    select * from {{ ref('int_label_overlaps') }}
    where
        is_same_label
        and overlap = 1
),

pairs_of_sets as (
    select
        reference_sets.job_name,
        reference_sets.object_index,
        reference_sets.label_set_key as reference_set_key,
        answer_sets.label_set_key as answer_set_key,
        least(reference_sets.worker_key, answer_sets.worker_key) as worker_key,
        greatest(reference_sets.worker_key, answer_sets.worker_key) as other_worker_key,
        reference_sets.shape,
        reference_sets.member_count as reference_member_count,
        answer_sets.member_count as answer_member_count
    from label_sets as reference_sets
    inner join label_sets as answer_sets
        on reference_sets.job_name = answer_sets.job_name
        and reference_sets.object_index = answer_sets.object_index
        and reference_sets.shape = answer_sets.shape
        and reference_sets.answer_no < answer_sets.answer_no
        and reference_sets.worker_key <> answer_sets.worker_key
),

-- An overlap may round to 1, and that of cuboids is of their place alone: coordinates are compared where there are any.
equal_labels as (
    select
        reference_members.job_name,
        reference_members.object_index,
        reference_members.label_set_key as reference_set_key,
        answer_members.label_set_key as answer_set_key,
        reference_members.shape,
        reference_members.member_no as reference_member_no,
        answer_members.member_no as answer_member_no
    from members as reference_members
    inner join members as answer_members
        on reference_members.job_name = answer_members.job_name
        and reference_members.object_index = answer_members.object_index
        and reference_members.answer_no < answer_members.answer_no
        and reference_members.shape = answer_members.shape
        and reference_members.label is not distinct from answer_members.label
        and reference_members.frame_index is not distinct from answer_members.frame_index
        {%- for coordinate in coordinates %}
            and reference_members.{{ coordinate }} is not distinct from answer_members.{{ coordinate }}
        {%- endfor %}
    union all
    select
        job_name,
        object_index,
        reference_set_key,
        answer_set_key,
        cast(null as varchar) as shape,
        reference_member_no,
        answer_member_no
    from measured_overlaps
),

identical_answers as (
    select
        pairs_of_sets.job_name,
        pairs_of_sets.object_index,
        pairs_of_sets.reference_set_key,
        pairs_of_sets.answer_set_key,
        pairs_of_sets.worker_key,
        pairs_of_sets.other_worker_key,
        -- Each label of either has its equal in the other.
        pairs_of_sets.reference_member_count = pairs_of_sets.answer_member_count
        and count(distinct equal_labels.reference_member_no) = pairs_of_sets.reference_member_count
        and count(distinct equal_labels.answer_member_no) = pairs_of_sets.answer_member_count as is_identical
    from pairs_of_sets
    left join equal_labels
        on pairs_of_sets.job_name = equal_labels.job_name
        and pairs_of_sets.object_index = equal_labels.object_index
        and pairs_of_sets.reference_set_key = equal_labels.reference_set_key
        and pairs_of_sets.answer_set_key = equal_labels.answer_set_key
        and (
            pairs_of_sets.shape = equal_labels.shape
            or (pairs_of_sets.shape in ('polygon', 'mask') and equal_labels.shape is null)
        )
    group by
        pairs_of_sets.job_name,
        pairs_of_sets.object_index,
        pairs_of_sets.reference_set_key,
        pairs_of_sets.answer_set_key,
        pairs_of_sets.worker_key,
        pairs_of_sets.other_worker_key,
        pairs_of_sets.reference_member_count,
        pairs_of_sets.answer_member_count
)

select * from identical_answers
