{#- The log has whole seconds, and a second may pass until the service writes an event. -#}
{%- set tolerance_seconds = 2 -%}

with answer_times as (
    select * from {{ ref('int_answer_times') }}
),

worker_activity as (
    select * from {{ ref('int_worker_activity') }}
    where job_name is not null
),

logged_days as (
    select
        job_name,
        cast(event_at as date) as logged_date,
        min(event_at) as first_event_at,
        max(event_at) as last_event_at
    from worker_activity
    group by job_name, cast(event_at as date)
),

-- What the log has of a job: whole days between its first and its last event, if they have an event.
log_spans as (
    select
        job_name,
        logged_date,
        min(first_event_at) over (partition by job_name) as first_event_at,
        max(last_event_at) over (partition by job_name) as last_event_at
    from logged_days
),

-- Without an event of the worker, the log may know the person by another key.
logged_workers as (
    select distinct
        job_name,
        worker_key
    from worker_activity
),

answering_workers as (
    select distinct
        job_name,
        worker_key
    from answer_times
    where submitted_at is not null
),

submissions as (
    select
        answer_times.job_name,
        answer_times.worker_key,
        date_trunc('second', answer_times.submitted_at) as submitted_second,
        false as is_event
    from answer_times
    inner join logged_workers
        on answer_times.job_name = logged_workers.job_name
        and answer_times.worker_key = logged_workers.worker_key
    where answer_times.submitted_at is not null
    union all
    select
        worker_activity.job_name,
        worker_activity.worker_key,
        coalesce(worker_activity.submitted_at, worker_activity.event_at) as submitted_second,
        true as is_event
    from worker_activity
    inner join answering_workers
        on worker_activity.job_name = answering_workers.job_name
        and worker_activity.worker_key = answering_workers.worker_key
    where worker_activity.event_kind = 'submitted'
),

-- The nearest of the other kind, before and after.
neighbors as (
    select
        *,
        {%- for kind, is_event in [('event', true), ('answer', false)] %}
            {%- for side, aggregate, frame in [
                ('previous', 'max', 'unbounded preceding and current row'),
                ('next', 'min', 'current row and unbounded following'),
            ] %}
                {{ aggregate }}(case when is_event = {{ is_event | lower }} then submitted_second end) over (
                    partition by job_name, worker_key
                    order by submitted_second
                    range between {{ frame }}
                ) as {{ side }}_{{ kind }}_at
                {%- if not (kind == 'answer' and side == 'next') %},{% endif %}
            {%- endfor %}
        {%- endfor %}
    from submissions
),

distances as (
    select
        *,
        case
            when is_event then {{ seconds_between('previous_answer_at', 'submitted_second') }}
            else {{ seconds_between('previous_event_at', 'submitted_second') }}
        end as seconds_since,
        case
            when is_event then {{ seconds_between('submitted_second', 'next_answer_at') }}
            else {{ seconds_between('submitted_second', 'next_event_at') }}
        end as seconds_until
    from neighbors
),

final as (
    select
        distances.job_name,
        distances.worker_key,
        distances.submitted_second,
        distances.is_event,
        coalesce(distances.seconds_since <= {{ tolerance_seconds }}, false)
        or coalesce(distances.seconds_until <= {{ tolerance_seconds }}, false) as is_matched
    from distances
    left join log_spans
        on distances.job_name = log_spans.job_name
        and cast(distances.submitted_second as date) = log_spans.logged_date
    where
        distances.is_event
        or distances.submitted_second between log_spans.first_event_at and log_spans.last_event_at
)

select * from final
