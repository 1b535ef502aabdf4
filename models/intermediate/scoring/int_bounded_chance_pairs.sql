{#-
  As many of the pairs of int_chance_pairs as can be compared: those of a job up to the one with which the pairs of their
  labels, of one class and frame, are more than var matching_pair_limit, or those that overlap enough are more than ten
  times var matching_overlap_limit. Of jobs whose labels are too few for that, all.
-#}
{%- set overlap_limit = 10 * var('matching_overlap_limit') -%}
{%- set pair_limit = var('matching_pair_limit') -%}

with pairs as (
    select * from {{ ref('int_chance_pairs') }}
),

set_members as (
    select * from {{ ref('int_label_set_members') }}
    where set_kind = 'answer'
),

large_jobs as (
    select job_name
    from pairs
    group by job_name
    having sum(cast(member_count as double) * other_member_count) > {{ overlap_limit }}
),

-- Each label of the smaller set has at least a class and a frame to look up.
looked_up_pairs as (
    select
        pairs.*,
        sum(cast(least(pairs.member_count, pairs.other_member_count) as double)) over (
            partition by pairs.job_name
            order by pairs.pair_no
            rows between unbounded preceding and current row
        ) as total
    from pairs
    inner join large_jobs on pairs.job_name = large_jobs.job_name
),

frame_counts as (
    select
        set_members.job_name,
        set_members.object_index,
        set_members.label_set_key,
        set_members.label,
        set_members.frame_index,
        count(*) as label_count
    from set_members
    inner join large_jobs on set_members.job_name = large_jobs.job_name
    group by
        set_members.job_name,
        set_members.object_index,
        set_members.label_set_key,
        set_members.label,
        set_members.frame_index
),

pair_sizes as (
    select
        looked_up_pairs.job_name,
        looked_up_pairs.pair_no,
        sum(cast(frame_counts.label_count as double) * other_counts.label_count) as label_pair_count
    from looked_up_pairs
    inner join frame_counts
        on looked_up_pairs.job_name = frame_counts.job_name
        and looked_up_pairs.object_index = frame_counts.object_index
        and looked_up_pairs.label_set_key = frame_counts.label_set_key
    inner join frame_counts as other_counts
        on looked_up_pairs.job_name = other_counts.job_name
        and looked_up_pairs.other_object_index = other_counts.object_index
        and looked_up_pairs.other_label_set_key = other_counts.label_set_key
        and coalesce(frame_counts.label, '') = coalesce(other_counts.label, '')
        and (frame_counts.label is null) = (other_counts.label is null)
        -- Outside sequences both are NULL.
        and coalesce(frame_counts.frame_index, -1) = coalesce(other_counts.frame_index, -1)
    where looked_up_pairs.total <= {{ pair_limit }}
    group by looked_up_pairs.job_name, looked_up_pairs.pair_no
),

sized_pairs as (
    select
        looked_up_pairs.job_name,
        looked_up_pairs.pair_no,
        sum(coalesce(pair_sizes.label_pair_count, 0)) over (
            partition by looked_up_pairs.job_name
            order by looked_up_pairs.pair_no
            rows between unbounded preceding and current row
        ) as total
    from looked_up_pairs
    left join pair_sizes
        on looked_up_pairs.job_name = pair_sizes.job_name
        and looked_up_pairs.pair_no = pair_sizes.pair_no
    where looked_up_pairs.total <= {{ pair_limit }}
),

compared_pairs as (
    select pairs.*
    from pairs
    inner join sized_pairs
        on pairs.job_name = sized_pairs.job_name
        and pairs.pair_no = sized_pairs.pair_no
    where sized_pairs.total <= {{ pair_limit }}
),

-- How far two keypoints may be apart depends on the extent of their sets.
members as (
    select
        set_members.*,
        {{ label_set_extent('set_members') }}
    from set_members
    inner join large_jobs on set_members.job_name = large_jobs.job_name
),

pair_overlaps as (
    {{ labels_by_chance('compared_pairs', 'members') }}
),

overlap_counts as (
    select
        job_name,
        pair_no,
        count(*) as overlap_count
    from pair_overlaps
    where {{ is_enough_overlap() }}
    group by job_name, pair_no
),

counted_pairs as (
    select
        compared_pairs.*,
        sum(coalesce(overlap_counts.overlap_count, 0)) over (
            partition by compared_pairs.job_name
            order by compared_pairs.pair_no
            rows between unbounded preceding and current row
        ) as total
    from compared_pairs
    left join overlap_counts
        on compared_pairs.job_name = overlap_counts.job_name
        and compared_pairs.pair_no = overlap_counts.pair_no
),

bounded_pairs as (
    select
        pairs.job_name,
        pairs.shape,
        pairs.object_index,
        pairs.label_set_key,
        pairs.member_count,
        pairs.other_object_index,
        pairs.other_label_set_key,
        pairs.other_member_count,
        pairs.pair_no
    from pairs
    left join large_jobs on pairs.job_name = large_jobs.job_name
    left join counted_pairs
        on pairs.job_name = counted_pairs.job_name
        and pairs.pair_no = counted_pairs.pair_no
    where
        large_jobs.job_name is null
        or counted_pairs.total <= {{ overlap_limit }}
)

select * from bounded_pairs
