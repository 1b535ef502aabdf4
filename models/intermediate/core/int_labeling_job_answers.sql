with worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

object_answers as (
    select * from {{ ref('int_object_answers') }}
),

most_answered_objects as (
    select
        job_name,
        cast(max(worker_count) as integer) as max_answers_per_object
    from object_answers
    group by job_name
),

ranked_task_types as (
    select
        job_name,
        task_type,
        row_number() over (
            partition by job_name
            order by count(*) desc, task_type
        ) as frequency_rank
    from worker_answers
    where task_type is not null
    group by job_name, task_type
),

job_answers as (
    select
        most_answered_objects.job_name,
        ranked_task_types.task_type,
        most_answered_objects.max_answers_per_object
    from most_answered_objects
    left join ranked_task_types
        on most_answered_objects.job_name = ranked_task_types.job_name
        and ranked_task_types.frequency_rank = 1
)

select * from job_answers
