with answers as (
    select * from {{ ref('stg_ground_truth__worker_answers') }}
),

-- One submission may stand in several files, of one iteration or of several. The same worker cannot submit
-- the same object twice within a second, so the first of them is kept and the others say nothing new.
ranked as (
    select
        *,
        row_number() over (
            partition by job_name, object_index, worker_key, date_trunc('second', submitted_at)
            order by iteration nulls last, load_id, file_no, answer_index
        ) as submission_rank
    from answers
),

numbered as (
    select
        load_id,
        file_no,
        answer_index,
        job_name,
        iteration,
        object_index,
        worker_key,
        worker_id,
        workforce,
        identity_provider,
        identity_issuer,
        identity_sub,
        cast(accepted_at as timestamp(3)) as accepted_at,
        cast(submitted_at as timestamp(3)) as submitted_at,
        task_type,
        label_count,
        cast(row_number() over (
            partition by job_name, object_index
            order by submitted_at nulls last, worker_key, load_id, file_no, answer_index
        ) as integer) as answer_no,
        -- Less than no time is a clock that was set back: not known.
        case when time_spent_seconds >= 0 then time_spent_seconds end as time_spent_seconds
    from ranked
    where submission_rank = 1
)

select * from numbered
