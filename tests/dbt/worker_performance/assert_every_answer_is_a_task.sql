-- Every submission that any file holds is one row of fct_worker_tasks. Without this a join that drops or doubles
-- answers changes every count and rate of people's work, and no key test need notice.
with staged as (
    select distinct
        job_name,
        object_index,
        worker_key,
        date_trunc('second', submitted_at) as submitted_second
    from {{ ref('stg_ground_truth__worker_answers') }}
),

counts as (
    select
        (select count(*) from staged) as staged_count,
        (select count(*) from {{ ref('int_worker_answers') }}) as answer_count,
        (select count(*) from {{ ref('fct_worker_tasks') }}) as task_count
)

select * from counts
where
    staged_count <> answer_count
    or answer_count <> task_count
