with worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

objects as (
    select * from {{ ref('int_object_labels') }}
    where not is_inherited
),

object_answers as (
    select * from {{ ref('int_object_answers') }}
),

golden_objects as (
    select distinct
        job_name,
        object_index
    from {{ ref('int_golden_labels') }}
),

scores as (
    select * from {{ ref('int_answer_scores') }}
),

track_comparisons as (
    select * from {{ ref('int_track_comparisons') }}
    where reference_kind = 'consolidated'
),

timed_answers as (
    select
        *,
        -- Accepted after it was submitted: a clock was off.
        case
            when accepted_at <= submitted_at then {{ seconds_between('accepted_at', 'submitted_at') }}
        end as elapsed_seconds
    from worker_answers
),

tasks as (
    select
        {{ task_key('timed_answers') }} as task_key,
        {{ object_key('timed_answers') }} as object_key,
        timed_answers.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        labeling_jobs.task_type,
        labeling_jobs.modality,
        timed_answers.iteration,
        timed_answers.object_index,
        timed_answers.worker_key,
        {{ worker_name('timed_answers.worker_key') }} as worker_name,
        timed_answers.accepted_at,
        timed_answers.submitted_at,
        cast(timed_answers.submitted_at as date) as submitted_date,
        timed_answers.time_spent_seconds,
        timed_answers.elapsed_seconds,
        round(timed_answers.elapsed_seconds - timed_answers.time_spent_seconds, 3) as idle_seconds,
        cast(timed_answers.label_count as bigint) as label_count,
        object_answers.worker_count as object_worker_count,
        golden_objects.object_index is not null as is_golden,
        scores.golden_score,
        -- The label that one worker's answer alone became agrees with it, whatever it is worth.
        case when object_answers.worker_count >= 2 then scores.consolidated_score end as consolidated_score,
        scores.consolidated_score as aws_notebook_score,
        scores.peer_score,
        case when object_answers.worker_count >= 2 then track_comparisons.idf1 end as idf1,
        case when object_answers.worker_count >= 2 then track_comparisons.mota end as mota,
        cast(case when object_answers.worker_count >= 2 then track_comparisons.identity_switch_count end as bigint)
            as identity_switch_count,
        objects.source_uri,
        timed_answers.source_file_uri
    from timed_answers
    inner join labeling_jobs on timed_answers.job_name = labeling_jobs.job_name
    left join objects
        on timed_answers.job_name = objects.job_name
        and timed_answers.object_index = objects.object_index
    left join object_answers
        on timed_answers.job_name = object_answers.job_name
        and timed_answers.object_index = object_answers.object_index
    left join golden_objects
        on timed_answers.job_name = golden_objects.job_name
        and timed_answers.object_index = golden_objects.object_index
    left join scores
        on timed_answers.job_name = scores.job_name
        and timed_answers.object_index = scores.object_index
        and timed_answers.answer_no = scores.answer_no
    left join track_comparisons
        on timed_answers.job_name = track_comparisons.job_name
        and timed_answers.object_index = track_comparisons.object_index
        and timed_answers.answer_no = track_comparisons.answer_no
)

select * from tasks
