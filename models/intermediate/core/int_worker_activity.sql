with worker_activity as (
    select * from {{ ref('stg_ground_truth__worker_activity') }}
),

job_names as (
    select * from {{ ref('int_labeling_job_names') }}
),

-- An event may be in an exported file and in a day of the log.
ranked_events as (
    select
        *,
        row_number() over (
            partition by worker_key, labeling_job_name, event_type, event_at, event_json
            order by load_id, file_no
        ) as event_rank
    from worker_activity
),

distinct_events as (
    select
        *,
        cast(row_number() over (
            partition by worker_key, labeling_job_name, event_type, event_at
            order by event_json
        ) as integer) as event_no
    from ranked_events
    where event_rank = 1
),

events as (
    select
        distinct_events.worker_key,
        coalesce(job_names.job_name, distinct_events.labeling_job_name) as job_name,
        distinct_events.workteam_name,
        case
            when lower(distinct_events.event_type) like 'tasks%' then lower(substr(distinct_events.event_type, 6))
            else lower(distinct_events.event_type)
        end as event_kind,
        cast(distinct_events.event_at as timestamp(3)) as event_at,
        distinct_events.event_no,
        cast(distinct_events.accepted_at as timestamp(3)) as accepted_at,
        cast(distinct_events.submitted_at as timestamp(3)) as submitted_at,
        cast(distinct_events.returned_at as timestamp(3)) as returned_at,
        cast(distinct_events.declined_at as timestamp(3)) as declined_at,
        distinct_events.source_file_uri
    from distinct_events
    left join job_names on lower(distinct_events.labeling_job_name) = job_names.lower_job_name
)

select * from events
