{%- set pair_columns = ['job_name', 'object_index', 'reference_set_key', 'answer_set_key'] -%}
{%- set pair_of_sets = pair_columns | join(', ') -%}

with labels as (
    select * from {{ ref('int_crowded_labels') }}
),

measured_pairs as (
    select * from {{ ref('int_measured_label_pairs') }}
),

-- Labels that have no equal.
frame_counts as (
    select
        {{ pair_of_sets }},
        shape,
        coalesce(frame_index, -1) as frame_no,
        count(case when is_reference and equal_member_no is null then 1 end) as reference_count,
        count(case when not is_reference and equal_member_no is null then 1 end) as answer_count
    from labels
    group by {{ pair_of_sets }}, shape, coalesce(frame_index, -1)
),

pair_counts as (
    select
        {{ pair_of_sets }},
        cast(sum(reference_count * answer_count) as bigint) as label_pair_count
    from frame_counts
    group by {{ pair_of_sets }}
),

-- Pairs of labels are looked at if they may be too many, but not if that alone would take too long.
counted_labels as (
    select labels.*
    from labels
    inner join pair_counts
        on labels.job_name = pair_counts.job_name
        and labels.object_index = pair_counts.object_index
        and labels.reference_set_key = pair_counts.reference_set_key
        and labels.answer_set_key = pair_counts.answer_set_key
    where
        labels.equal_member_no is null
        and pair_counts.label_pair_count > {{ var('matching_overlap_limit') }}
        and pair_counts.label_pair_count <= {{ var('matching_pair_limit') }}
),

label_pairs as (
    select
        {{ label_pair_columns('reference_labels', 'answer_labels') }},
        case
            when reference_labels.shape = 'keypoint' then {{ keypoint_overlap('reference_labels', 'answer_labels') }}
            else {{ label_overlap('reference_labels', 'answer_labels') }}
        end as overlap
    from counted_labels as reference_labels
    inner join counted_labels as answer_labels
        on {{ is_of_same_pair_of_sets('reference_labels', 'answer_labels') }}
),

overlap_counts as (
    select
        {{ pair_of_sets }},
        cast(count(*) as bigint) as overlap_count
    from label_pairs
    where {{ may_be_matched() }}
    group by {{ pair_of_sets }}
),

measured_counts as (
    select
        {{ pair_of_sets }},
        cast(count(case when {{ may_be_matched() }} then 1 end) as bigint) as overlap_count,
        bool_or(overlap is null) as is_unmeasured
    from measured_pairs
    group by {{ pair_of_sets }}
),

all_counts as (
    select
        pair_counts.{{ pair_columns | join(', pair_counts.') }},
        pair_counts.label_pair_count,
        overlap_counts.overlap_count,
        false as is_unmeasured
    from pair_counts
    left join overlap_counts
        on pair_counts.job_name = overlap_counts.job_name
        and pair_counts.object_index = overlap_counts.object_index
        and pair_counts.reference_set_key = overlap_counts.reference_set_key
        and pair_counts.answer_set_key = overlap_counts.answer_set_key
    union all
    select
        {{ pair_of_sets }},
        cast(0 as bigint) as label_pair_count,
        overlap_count,
        is_unmeasured
    from measured_counts
    where
        is_unmeasured
        or overlap_count > {{ var('matching_overlap_limit') }}
),

comparisons as (
    select
        {{ pair_of_sets }},
        cast(max(label_pair_count) as bigint) as label_pair_count,
        case
            when bool_or(is_unmeasured) then 'too many shapes to measure'
            when max(label_pair_count) > {{ var('matching_pair_limit') }} then 'too many labels to compare'
            when max(overlap_count) > {{ var('matching_overlap_limit') }} then 'too many labels that overlap'
        end as set_aside_reason
    from all_counts
    group by {{ pair_of_sets }}
)

select * from comparisons
