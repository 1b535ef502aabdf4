with tasks as (
    select * from {{ ref('fct_worker_tasks') }}
),

ranked_tasks as (
    {{ rank_tasks('tasks', ['worker_key', 'job_kind']) }}
),

measures as (
    select
        worker_key,
        max(worker_name) as worker_name,
        job_kind,
        {{ worker_measures() }}
    from ranked_tasks
    group by worker_key, job_kind
)

select * from measures
