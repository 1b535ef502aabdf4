with tasks as (
    select * from {{ ref('fct_worker_tasks') }}
),

object_labels as (
    select * from {{ ref('int_object_labels') }}
    where not is_inherited
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

last_answers as (
    select
        job_name,
        object_index,
        max(submitted_date) as last_submitted_date
    from tasks
    group by job_name, object_index
),

-- A sequence without a manifest has no labeled_date: it was done with its last answer.
objects as (
    select
        object_labels.job_name,
        object_labels.label_status = 'labeled' as is_finished,
        case
            when object_labels.label_status = 'labeled'
                then coalesce(object_labels.labeled_date, last_answers.last_submitted_date)
        end as finished_date
    from object_labels
    left join last_answers
        on object_labels.job_name = last_answers.job_name
        and object_labels.object_index = last_answers.object_index
),

object_totals as (
    select
        job_name,
        cast(count(*) as bigint) as object_count,
        cast(count(case when not is_finished then 1 end) as bigint) as unfinished_count
    from objects
    group by job_name
),

days as (
    select
        job_name,
        submitted_date,
        1 as answer_count,
        worker_key,
        time_spent_seconds,
        0 as finished_count
    from tasks
    where submitted_date is not null
    union all
    select
        job_name,
        finished_date as submitted_date,
        0 as answer_count,
        cast(null as varchar) as worker_key,
        cast(null as double) as time_spent_seconds,
        1 as finished_count
    from objects
    where finished_date is not null
),

day_totals as (
    select
        job_name,
        submitted_date,
        cast(sum(answer_count) as bigint) as answer_count,
        cast(count(distinct worker_key) as bigint) as worker_count,
        cast(count(time_spent_seconds) as bigint) as timed_answer_count,
        sum(time_spent_seconds) / 3600 as active_hours,
        cast(sum(finished_count) as bigint) as finished_count
    from days
    group by job_name, submitted_date
),

running_totals as (
    select
        day_totals.*,
        object_totals.object_count,
        object_totals.unfinished_count + cast(
            sum(day_totals.finished_count) over (partition by day_totals.job_name)
            - sum(day_totals.finished_count) over (
                partition by day_totals.job_name
                order by day_totals.submitted_date
                rows between unbounded preceding and current row
            ) as bigint
        ) as remaining_count
    from day_totals
    inner join object_totals on day_totals.job_name = object_totals.job_name
),

final as (
    select
        running_totals.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        running_totals.submitted_date,
        running_totals.answer_count,
        running_totals.worker_count,
        running_totals.timed_answer_count,
        running_totals.active_hours,
        running_totals.finished_count,
        {{ safe_divide('running_totals.object_count - running_totals.remaining_count', 'running_totals.object_count') }}
            as cumulative_share,
        running_totals.remaining_count
    from running_totals
    inner join labeling_jobs on running_totals.job_name = labeling_jobs.job_name
)

select * from final
