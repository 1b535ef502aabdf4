with worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

object_answers as (
    select
        job_name,
        object_index,
        cast(count(*) as bigint) as answer_count,
        cast(count(distinct worker_key) as bigint) as worker_count
    from worker_answers
    group by job_name, object_index
)

select * from object_answers
