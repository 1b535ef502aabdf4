with activity as (
    select * from {{ ref('int_worker_activity') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

-- What came before each event of a worker in a job. Within one second, a task ends before the next one is accepted.
ordered_events as (
    select
        *,
        lag(event_at) over (
            partition by worker_key, job_name
            order by event_at, case when event_kind = 'accepted' then 1 else 0 end
        ) as previous_event_at,
        lag(event_kind) over (
            partition by worker_key, job_name
            order by event_at, case when event_kind = 'accepted' then 1 else 0 end
        ) as previous_event_kind
    from activity
    where job_name is not null
),

-- From the end of one task to the next: within a day, because the time until the next day is no waiting.
pickups as (
    select
        *,
        case
            when
                event_kind = 'accepted'
                and previous_event_kind in ('submitted', 'returned', 'declined')
                and cast(previous_event_at as date) = cast(event_at as date)
                then {{ seconds_between('previous_event_at', 'event_at') }}
        end as pickup_seconds
    from ordered_events
),

ranked_pickups as (
    select
        *,
        row_number() over (
            partition by worker_key, job_name
            order by pickup_seconds nulls last
        ) as pickup_rank,
        count(pickup_seconds) over (partition by worker_key, job_name) as pickup_count
    from pickups
),

counts as (
    select
        job_name,
        worker_key,
        cast(count(case when event_kind = 'accepted' then 1 end) as bigint) as accepted_count,
        cast(count(case when event_kind = 'submitted' then 1 end) as bigint) as submitted_count,
        cast(count(case when event_kind = 'returned' then 1 end) as bigint) as returned_count,
        cast(count(case when event_kind = 'declined' then 1 end) as bigint) as declined_count,
        cast(max(pickup_count) as bigint) as pickup_count,
        {{ percentile('pickup_seconds', 'pickup_rank', 'pickup_count', 0.5) }} as median_pickup_seconds,
        min(event_at) as first_event_at,
        max(event_at) as last_event_at
    from ranked_pickups
    group by job_name, worker_key
),

flow as (
    select
        *,
        -- A log that begins in the middle of a job has submissions without their acceptance.
        greatest(accepted_count - submitted_count - returned_count, 0) as expired_count,
        accepted_count + declined_count as offered_count,
        returned_count + declined_count as fallout_count
    from counts
),

final as (
    select
        flow.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        flow.worker_key,
        {{ worker_name('flow.worker_key') }} as worker_name,
        flow.offered_count,
        flow.accepted_count,
        flow.submitted_count,
        flow.returned_count,
        flow.declined_count,
        flow.expired_count,
        {{ safe_divide('flow.fallout_count', 'flow.offered_count') }} as fallout_share,
        {{ wilson_low(safe_divide('flow.fallout_count', 'flow.offered_count'), 'flow.offered_count') }}
            as fallout_share_low,
        {{ wilson_high(safe_divide('flow.fallout_count', 'flow.offered_count'), 'flow.offered_count') }}
            as fallout_share_high,
        flow.pickup_count,
        flow.median_pickup_seconds,
        flow.first_event_at,
        flow.last_event_at
    from flow
    left join labeling_jobs on flow.job_name = labeling_jobs.job_name
)

select * from final
