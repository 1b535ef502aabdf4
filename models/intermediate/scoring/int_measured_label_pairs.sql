with members as (
    select * from {{ ref('int_label_set_members') }}
    where label_key is not null
),

measured_overlaps as (
    select * from {{ ref('stg_ground_truth__label_overlaps') }}
),

-- Either label may be the reference.
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
)

select * from measured_pairs
