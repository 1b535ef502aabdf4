with worker_activity as (
    select * from {{ ref('int_worker_activity') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

final as (
    select
        worker_activity.worker_key,
        {{ worker_name('worker_activity.worker_key') }} as worker_name,
        worker_activity.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        worker_activity.workteam_name,
        worker_activity.event_kind,
        worker_activity.event_at,
        cast(worker_activity.event_at as date) as event_date,
        worker_activity.event_no,
        worker_activity.accepted_at,
        worker_activity.submitted_at,
        worker_activity.returned_at,
        worker_activity.declined_at,
        worker_activity.source_file_uri
    from worker_activity
    left join labeling_jobs on worker_activity.job_name = labeling_jobs.job_name
)

select * from final
