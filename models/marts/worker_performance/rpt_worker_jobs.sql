with tasks as (
    select * from {{ ref('fct_worker_tasks') }}
),

ranked_tasks as (
    {{ rank_tasks('tasks', ['worker_key', 'job_name']) }}
),

measures as (
    select
        worker_key,
        max(worker_name) as worker_name,
        job_name,
        max(job_kind) as job_kind,
        max(audited_job_name) as audited_job_name,
        {{ worker_measures() }}
    from ranked_tasks
    group by worker_key, job_name
)

select * from measures
