{%- set overlaps = overlaps_of_shapes('reference_members', 'answer_members') -%}
{%- set pair_of_sets = "job_name, object_index, reference_set_key, answer_set_key" -%}

with members as (
    select * from {{ ref('int_label_set_members') }}
),

measured_overlaps as (
    select * from {{ ref('stg_ground_truth__label_overlaps') }}
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

-- What the loader measured. Either label may be the reference.
directed_overlaps as (
    select
        job_name,
        object_index,
        label_key,
        other_label_key,
        overlap
    from measured_overlaps
    where label_key <> other_label_key
    union all
    select
        job_name,
        object_index,
        other_label_key as label_key,
        label_key as other_label_key,
        overlap
    from measured_overlaps
    where label_key <> other_label_key
),

measured_pairs as (
    select
        {{ label_pair_columns('reference_members', 'answer_members') }},
        directed_overlaps.overlap
    from directed_overlaps
    inner join members as reference_members
        on directed_overlaps.job_name = reference_members.job_name
        and directed_overlaps.object_index = reference_members.object_index
        and directed_overlaps.label_key = reference_members.label_key
    inner join members as answer_members
        on directed_overlaps.job_name = answer_members.job_name
        and directed_overlaps.object_index = answer_members.object_index
        and directed_overlaps.other_label_key = answer_members.label_key
        and {{ is_compared('reference_members', 'answer_members') }}
),

all_pairs as (
    {%- for shape in overlaps %}
        select * from pairs_of_{{ shape }}
        union all
    {%- endfor %}
    select * from pairs_of_keypoints
    union all
    select * from measured_pairs
),

pairs_above_threshold as (
    select
        *,
        reference_label is not distinct from answer_label as is_same_label
    from all_pairs
    where
        {{ is_enough_overlap() }}
        -- A class has one mask in each set. An adjustment begins with the labels before it, and may move one far.
        or (
            (shape = 'mask' or reference_set_key = 'inherited')
            and overlap > 0
            and reference_label is not distinct from answer_label
        )
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
