-- The days of a job add up to its row: answers with a time, hours, and objects that are done. Without it, an object
-- that is finished on two days, or on none, moves the share that the manager reads.
with job_rows as (
    select * from {{ ref('rpt_jobs') }}
),

job_days as (
    select
        job_name,
        sum(timed_answer_count) as timed_answer_count,
        sum(active_hours) as active_hours,
        min(remaining_count) as remaining_count
    from {{ ref('rpt_job_days') }}
    group by job_name
)

select
    job_rows.job_name,
    job_rows.timed_answer_count,
    job_days.timed_answer_count as day_timed_answer_count,
    job_rows.remaining_count,
    job_days.remaining_count as day_remaining_count
from job_rows
inner join job_days on job_rows.job_name = job_days.job_name
where
    job_rows.timed_answer_count <> job_days.timed_answer_count
    or abs(coalesce(job_rows.active_hours, 0) - coalesce(job_days.active_hours, 0)) > 0.000000001
    or job_rows.remaining_count <> job_days.remaining_count
