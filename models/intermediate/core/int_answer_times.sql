{#- Answers of the public workforce have whole seconds, so what differs by a second is no fault. -#}
{%- set tolerance_seconds = 1 -%}

with worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

object_labels as (
    select * from {{ ref('int_object_labels') }}
    where
        not is_inherited
        -- Functions of one's own write the time of a label as they like.
        and task_type <> 'custom'
),

answers as (
    select
        worker_answers.job_name,
        worker_answers.object_index,
        worker_answers.answer_no,
        worker_answers.worker_key,
        worker_answers.workforce,
        worker_answers.accepted_at,
        worker_answers.submitted_at,
        worker_answers.reported_time_seconds,
        {{ seconds_between('worker_answers.accepted_at', 'worker_answers.submitted_at') }} as elapsed_seconds,
        {{ seconds_between('worker_answers.submitted_at', 'object_labels.labeled_at') }} as seconds_until_label
    from worker_answers
    left join object_labels
        on worker_answers.job_name = object_labels.job_name
        and worker_answers.object_index = object_labels.object_index
),

checked_answers as (
    select
        *,
        case
            when elapsed_seconds < -{{ tolerance_seconds }} then 'submitted before accepted'
            when reported_time_seconds < 0 then 'negative time'
            when reported_time_seconds > elapsed_seconds + {{ tolerance_seconds }} then 'longer than elapsed'
            when seconds_until_label < -{{ tolerance_seconds }} then 'submitted after the label was made'
        end as time_fault,
        coalesce(elapsed_seconds, reported_time_seconds, seconds_until_label) is not null as is_time_checked
    from answers
),

-- A task overlaps if it was left open when the next one was accepted: a long pause in one task is one such task,
-- however many others were done meanwhile. Public workers may accept many tasks at once, to do them one after another.
ordered_answers as (
    select
        *,
        lead(accepted_at) over (
            partition by job_name, worker_key
            order by accepted_at, submitted_at, object_index, answer_no
        ) as next_accepted_at
    from checked_answers
    where
        time_fault is null
        and accepted_at is not null
        and submitted_at is not null
        and coalesce(workforce, 'unknown') <> 'public'
),

final as (
    select
        checked_answers.job_name,
        checked_answers.object_index,
        checked_answers.answer_no,
        checked_answers.worker_key,
        checked_answers.accepted_at,
        checked_answers.submitted_at,
        checked_answers.elapsed_seconds,
        checked_answers.reported_time_seconds,
        checked_answers.seconds_until_label,
        checked_answers.is_time_checked,
        checked_answers.time_fault,
        ordered_answers.next_accepted_at,
        case
            when ordered_answers.job_name is not null
                then coalesce(
                    {{ seconds_between('ordered_answers.next_accepted_at', 'ordered_answers.submitted_at') }}
                    > {{ tolerance_seconds }},
                    false
                )
        end as is_overlapping
    from checked_answers
    left join ordered_answers
        on checked_answers.job_name = ordered_answers.job_name
        and checked_answers.object_index = ordered_answers.object_index
        and checked_answers.answer_no = ordered_answers.answer_no
)

select * from final
