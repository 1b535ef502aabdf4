with reviewer_decisions as (
    select * from {{ ref('int_reviewer_decisions') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

shared_decisions as (
    select
        *,
        case
            when
                min(worker_key) over (partition by job_name, object_index)
                < max(worker_key) over (partition by job_name, object_index)
                then object_index
        end as shared_object_index
    from reviewer_decisions
),

-- What two reviewers can be compared on: the same data object, which may be a batch of a bulk review; if nobody else
-- reviewed it, labels of the same worker or, if that is not known, of the same class.
compared_decisions as (
    select
        job_name,
        worker_key,
        shared_object_index,
        case when shared_object_index is null then labeler_key end as labeler_key,
        case when shared_object_index is null and labeler_key is null then label end as label,
        is_overturned
    from shared_decisions
),

counts as (
    select
        job_name,
        worker_key,
        shared_object_index,
        labeler_key,
        label,
        count(*) as reviewed_count,
        count(case when is_overturned then 1 end) as overturned_count
    from compared_decisions
    group by
        job_name,
        worker_key,
        shared_object_index,
        labeler_key,
        label
),

team_counts as (
    select
        *,
        sum(reviewed_count) over (
            partition by job_name, shared_object_index, labeler_key, label
        ) as team_reviewed_count,
        sum(overturned_count) over (
            partition by job_name, shared_object_index, labeler_key, label
        ) as team_overturned_count
    from counts
),

comparisons as (
    select
        *,
        team_reviewed_count > reviewed_count as is_comparable,
        {{ safe_divide('team_overturned_count - overturned_count', 'team_reviewed_count - reviewed_count') }}
            as others_share,
        {{ safe_divide('reviewed_count', 'team_reviewed_count') }} as reviewed_share
    from team_counts
),

totals as (
    select
        job_name,
        worker_key,
        cast(sum(reviewed_count) as bigint) as reviewed_count,
        cast(sum(overturned_count) as bigint) as overturned_count,
        cast(sum(case when is_comparable then reviewed_count else 0 end) as bigint) as comparable_count,
        cast(sum(case when is_comparable then overturned_count else 0 end) as bigint) as comparable_overturned_count,
        cast(sum(case when is_comparable then team_overturned_count else 0 end) as bigint) as team_overturned_count,
        sum(case when is_comparable then reviewed_count * others_share end) as others_overturned_count,
        sum(case when is_comparable then team_overturned_count * reviewed_share end) as expected_overturned_count
    from comparisons
    group by job_name, worker_key
),

-- If all reviewers overturn alike, each overturned item is this reviewer's with the chance of any item. So the others'
-- share counts for no more than the items that it is of.
chances as (
    select
        *,
        team_overturned_count - comparable_overturned_count as others_count,
        1 - {{ safe_divide('expected_overturned_count', 'team_overturned_count') }} as others_chance
    from totals
),

tests as (
    select
        *,
        case
            when comparable_count < {{ var('minimum_rank_count') }} then cast(null as double)
            -- Nothing was overturned.
            when team_overturned_count = 0 then 1
            else {{ binomial_tail('others_count', 'team_overturned_count', 'others_chance') }}
        end as p_value
    from chances
),

adjusted_tests as (
    {{ adjusted_p_values('tests', ['job_name']) }}
),

ranked_answers as (
    select
        job_name,
        worker_key,
        time_spent_seconds,
        row_number() over (
            partition by job_name, worker_key
            order by time_spent_seconds nulls last
        ) as time_rank,
        count(time_spent_seconds) over (partition by job_name, worker_key) as time_count
    from worker_answers
),

times as (
    select
        job_name,
        worker_key,
        cast(max(time_count) as bigint) as timed_answer_count,
        {{ percentile('time_spent_seconds', 'time_rank', 'time_count', 0.5) }} as median_time_seconds
    from ranked_answers
    group by job_name, worker_key
),

shares as (
    select
        *,
        {{ safe_divide('overturned_count', 'reviewed_count') }} as overturned_share,
        {{ safe_divide('others_overturned_count', 'comparable_count') }} as expected_overturned_share,
        {{ safe_divide('comparable_overturned_count', 'others_overturned_count') }} as overturn_ratio
    from adjusted_tests
),

-- Rounded, because sums of doubles end differently in another order.
final as (
    select
        shares.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        shares.worker_key,
        {{ worker_name('shares.worker_key') }} as worker_name,
        shares.reviewed_count,
        shares.overturned_count,
        shares.overturned_share,
        {{ wilson_low('shares.overturned_share', 'shares.reviewed_count') }} as overturned_share_low,
        {{ wilson_high('shares.overturned_share', 'shares.reviewed_count') }} as overturned_share_high,
        shares.comparable_count,
        round(shares.expected_overturned_share, 9) as expected_overturned_share,
        round(shares.overturn_ratio, 9) as overturn_ratio,
        round(shares.p_value, 9) as p_value,
        round(shares.adjusted_p_value, 9) as adjusted_p_value,
        shares.adjusted_p_value <= {{ var('flag_false_discovery_share') }} as is_rubber_stamp,
        coalesce(times.timed_answer_count, 0) as timed_answer_count,
        times.median_time_seconds
    from shares
    inner join labeling_jobs on shares.job_name = labeling_jobs.job_name
    left join times
        on shares.job_name = times.job_name
        and shares.worker_key = times.worker_key
)

select * from final
