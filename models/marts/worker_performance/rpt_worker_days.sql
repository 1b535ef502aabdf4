with tasks as (
    select * from {{ ref('fct_worker_tasks') }}
),

ranked as (
    {{ rank_tasks('tasks', ['worker_key', 'job_name', 'submitted_date']) }}
),

measured as (
    select
        worker_key,
        max(worker_name) as worker_name,
        job_name,
        submitted_date,
        {{ worker_measures() }}
    from ranked
    group by worker_key, job_name, submitted_date
)

select * from measured
