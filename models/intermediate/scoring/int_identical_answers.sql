{%- set coordinates = ['box_left', 'box_top', 'box_width', 'box_height', 'start_offset', 'end_offset', 'center_x',
    'center_y', 'center_z', 'cuboid_length', 'cuboid_width', 'cuboid_height', 'yaw'] -%}

-- Polylines overlap wholly if they are near enough, so their overlap does not say that they are equal.
with comparisons as (
    select * from {{ ref('int_answer_comparisons') }}
    where
        reference_kind = 'answer'
        and reference_member_count > 0
        and member_count > reference_member_count
        and shape in ('box', 'span', 'keypoint', 'cuboid', 'polygon', 'mask')
),

members as (
    select * from {{ ref('int_label_set_members') }}
    where
        set_kind = 'answer'
        and shape in ('box', 'span', 'keypoint', 'cuboid')
),

pairs_of_sets as (
    select
        job_name,
        object_index,
        reference_set_key,
        {{ label_set_key("'answer'", 'answer_no') }} as answer_set_key,
        least(reference_worker_key, worker_key) as worker_key,
        greatest(reference_worker_key, worker_key) as other_worker_key,
        shape,
        reference_member_count,
        -- What is matched overlaps wholly, but for rounding. Labels without an area overlap nothing.
        member_count = 2 * reference_member_count
        and match_overlap > match_count - 0.000001 as is_candidate,
        match_count = reference_member_count
        and match_overlap = match_count as has_full_overlap
    from comparisons
),

-- An overlap may round to 1, and that of cuboids is of their place alone: coordinates are compared if there are any.
-- Equal labels of a set are counted.
candidate_labels as (
    select
        pairs_of_sets.job_name,
        pairs_of_sets.object_index,
        pairs_of_sets.reference_set_key,
        pairs_of_sets.answer_set_key,
        sum(case when members.label_set_key = pairs_of_sets.reference_set_key then 1 else 0 end) as reference_count,
        sum(case when members.label_set_key = pairs_of_sets.answer_set_key then 1 else 0 end) as answer_count
    from pairs_of_sets
    inner join members
        on pairs_of_sets.job_name = members.job_name
        and pairs_of_sets.object_index = members.object_index
        and (
            pairs_of_sets.reference_set_key = members.label_set_key
            or pairs_of_sets.answer_set_key = members.label_set_key
        )
    where pairs_of_sets.is_candidate
    group by
        pairs_of_sets.job_name,
        pairs_of_sets.object_index,
        pairs_of_sets.reference_set_key,
        pairs_of_sets.answer_set_key,
        members.label,
        members.frame_index,
        members.{{ coordinates | join(',\n        members.') }}
),

equal_labels as (
    select
        job_name,
        object_index,
        reference_set_key,
        answer_set_key,
        sum(reference_count) as reference_member_count,
        sum(answer_count) as answer_member_count
    from candidate_labels
    where
        reference_count > 0
        and answer_count > 0
    group by job_name, object_index, reference_set_key, answer_set_key
),

identical_answers as (
    select
        pairs_of_sets.job_name,
        pairs_of_sets.object_index,
        pairs_of_sets.reference_set_key,
        pairs_of_sets.answer_set_key,
        pairs_of_sets.worker_key,
        pairs_of_sets.other_worker_key,
        pairs_of_sets.shape,
        -- Each label of either has its equal in the other.
        pairs_of_sets.is_candidate
        and case
            when pairs_of_sets.shape in ('polygon', 'mask') then pairs_of_sets.has_full_overlap
            else
                coalesce(equal_labels.reference_member_count, 0) = pairs_of_sets.reference_member_count
                and coalesce(equal_labels.answer_member_count, 0) = pairs_of_sets.reference_member_count
        end as is_identical
    from pairs_of_sets
    left join equal_labels
        on pairs_of_sets.job_name = equal_labels.job_name
        and pairs_of_sets.object_index = equal_labels.object_index
        and pairs_of_sets.reference_set_key = equal_labels.reference_set_key
        and pairs_of_sets.answer_set_key = equal_labels.answer_set_key
)

select * from identical_answers
