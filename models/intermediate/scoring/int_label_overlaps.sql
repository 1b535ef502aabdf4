{%- set overlaps = overlaps_of_shapes('reference_members', 'answer_members') -%}
{%- set pair_of_sets = "job_name, object_index, reference_set_key, answer_set_key" -%}

with all_members as (
    select * from {{ ref('int_label_set_members') }}
),

crowded_labels as (
    select * from {{ ref('int_crowded_labels') }}
),

crowded_comparisons as (
    select * from {{ ref('int_crowded_comparisons') }}
),

measured_label_pairs as (
    select * from {{ ref('int_measured_label_pairs') }}
),

crowded_objects as (
    select distinct
        job_name,
        object_index
    from crowded_labels
),

-- Two classes are joined by their name, however many there are.
members as (
    select all_members.*
    from all_members
    left join crowded_objects
        on all_members.job_name = crowded_objects.job_name
        and all_members.object_index = crowded_objects.object_index
    where
        all_members.shape = 'class'
        or crowded_objects.job_name is null
),

-- Labels of the same shape and frame in two sets: in an answer and in one of its references, which are the golden set,
-- the consolidated set and the earlier answers, so that each pair of answers comes once; or before and after an
-- adjustment. Two classes are the same or not; other labels may show the same thing under different classes. Shape by
-- shape: a join that computes one overlap is faster than one that chooses.
{%- for shape, overlap in overlaps.items() %}

    pairs_of_{{ shape }} as (
        select
            {{ label_pair_columns('reference_members', 'answer_members') }},
            {{ overlap }} as overlap
        from members as reference_members
        inner join members as answer_members
            on reference_members.job_name = answer_members.job_name
            and reference_members.object_index = answer_members.object_index
            {%- if shape == 'class' %}
                and reference_members.label = answer_members.label
            {%- endif %}
            -- Outside sequences both are NULL.
            and coalesce(reference_members.frame_index, -1) = coalesce(answer_members.frame_index, -1)
            and {{ is_compared('reference_members', 'answer_members') }}
        where
            reference_members.shape = '{{ shape }}'
            and answer_members.shape = '{{ shape }}'
    ),
{%- endfor %}

-- How far two keypoints may be apart depends on the extent of their sets, in all frames.
keypoints as (
    select
        *,
        {{ label_set_extent() }}
    from members
    where shape = 'keypoint'
),

pairs_of_keypoints as (
    select
        {{ label_pair_columns('reference_keypoints', 'answer_keypoints') }},
        {{ keypoint_overlap('reference_keypoints', 'answer_keypoints') }} as overlap
    from keypoints as reference_keypoints
    inner join keypoints as answer_keypoints
        on reference_keypoints.job_name = answer_keypoints.job_name
        and reference_keypoints.object_index = answer_keypoints.object_index
        and coalesce(reference_keypoints.frame_index, -1) = coalesce(answer_keypoints.frame_index, -1)
        and {{ is_compared('reference_keypoints', 'answer_keypoints') }}
),

-- Crowded sets: what is equal is matched already.
equal_pairs as (
    select
        job_name,
        object_index,
        shape,
        reference_set_key,
        answer_set_key,
        member_no as reference_member_no,
        equal_member_no as answer_member_no,
        frame_index,
        label as reference_label,
        label as answer_label,
        track_id as reference_track_id,
        track_id as answer_track_id,
        1 as overlap
    from crowded_labels
    where
        is_reference
        and equal_member_no is not null
),

open_labels as (
    select crowded_labels.*
    from crowded_labels
    inner join crowded_comparisons
        on crowded_labels.job_name = crowded_comparisons.job_name
        and crowded_labels.object_index = crowded_comparisons.object_index
        and crowded_labels.reference_set_key = crowded_comparisons.reference_set_key
        and crowded_labels.answer_set_key = crowded_comparisons.answer_set_key
    where
        crowded_labels.equal_member_no is null
        and crowded_comparisons.set_aside_reason is null
),

open_pairs as (
    select
        {{ label_pair_columns('reference_labels', 'answer_labels') }},
        case
            when reference_labels.shape = 'keypoint' then {{ keypoint_overlap('reference_labels', 'answer_labels') }}
            else {{ label_overlap('reference_labels', 'answer_labels') }}
        end as overlap
    from open_labels as reference_labels
    inner join open_labels as answer_labels
        on {{ is_of_same_pair_of_sets('reference_labels', 'answer_labels') }}
),

measured_pairs as (
    select measured_label_pairs.*
    from measured_label_pairs
    left join crowded_comparisons
        on measured_label_pairs.job_name = crowded_comparisons.job_name
        and measured_label_pairs.object_index = crowded_comparisons.object_index
        and measured_label_pairs.reference_set_key = crowded_comparisons.reference_set_key
        and measured_label_pairs.answer_set_key = crowded_comparisons.answer_set_key
    where crowded_comparisons.set_aside_reason is null
),

all_pairs as (
    {%- for shape in overlaps %}
        select * from pairs_of_{{ shape }}
        union all
    {%- endfor %}
    select * from pairs_of_keypoints
    union all
    select * from equal_pairs
    union all
    select * from open_pairs
    union all
    select * from measured_pairs
),

pairs_above_threshold as (
    select
        *,
        reference_label is not distinct from answer_label as is_same_label
    from all_pairs
    where {{ may_be_matched() }}
),

label_overlaps as (
    select
        {{ pair_of_sets }},
        reference_member_no,
        answer_member_no,
        frame_index,
        reference_label,
        answer_label,
        reference_track_id,
        answer_track_id,
        is_same_label,
        overlap,
        count(*) over (partition by {{ pair_of_sets }}, reference_member_no) > 1
        or count(*) over (partition by {{ pair_of_sets }}, answer_member_no) > 1 as is_contested
    from pairs_above_threshold
)

select * from label_overlaps
