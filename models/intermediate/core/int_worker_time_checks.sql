{%- set time_faults = [
    'submitted before accepted', 'negative time', 'longer than elapsed', 'submitted after the label was made'
] -%}

with answer_times as (
    select * from {{ ref('int_answer_times') }}
),

logged_submissions as (
    select * from {{ ref('int_logged_submissions') }}
),

object_labels as (
    select * from {{ ref('int_object_labels') }}
    where not is_inherited
),

object_answers as (
    select * from {{ ref('int_object_answers') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

answer_counts as (
    select
        job_name,
        worker_key,
        cast(count(case when is_time_checked then 1 end) as bigint) as time_checked_count,
        cast(count(time_fault) as bigint) as time_fault_count,
        {%- for fault in time_faults %}
            cast(count(case when time_fault = '{{ fault }}' then 1 end) as bigint)
                as {{ fault | replace(' ', '_') }}_count,
        {%- endfor %}
        cast(count(is_overlapping) as bigint) as overlap_checked_count,
        cast(count(case when is_overlapping then 1 end) as bigint) as overlapping_count
    from answer_times
    group by job_name, worker_key
),

log_counts as (
    select
        job_name,
        worker_key,
        cast(count(case when not is_event then 1 end) as bigint) as log_checked_count,
        cast(count(case when not is_event and not is_matched then 1 end) as bigint) as unlogged_count,
        cast(count(case when is_event then 1 end) as bigint) as logged_count,
        cast(count(case when is_event and not is_matched then 1 end) as bigint) as unanswered_count
    from logged_submissions
    group by job_name, worker_key
),

-- The output has the answers of an object when its label is made, so it may lack some of these objects. A worker
-- submits an object once. Of a job in progress, objects may not be known at all.
incomplete_objects as (
    select
        labeling_jobs.job_name,
        cast(count(case
            when
                coalesce(object_answers.worker_count, 0) < labeling_jobs.workers_per_object
                and coalesce(object_labels.is_human_annotated, true)
                then 1
        end) as bigint) as incomplete_count
    from labeling_jobs
    inner join object_labels on labeling_jobs.job_name = object_labels.job_name
    left join object_answers
        on object_labels.job_name = object_answers.job_name
        and object_labels.object_index = object_answers.object_index
    where labeling_jobs.status = 'Completed'
    group by labeling_jobs.job_name
),

final as (
    select
        answer_counts.*,
        coalesce(log_counts.log_checked_count, 0) as log_checked_count,
        log_counts.unlogged_count,
        coalesce(case when incomplete_objects.job_name is not null then log_counts.logged_count end, 0) as logged_count,
        case
            when log_counts.unanswered_count > incomplete_objects.incomplete_count
                then log_counts.unanswered_count - incomplete_objects.incomplete_count
            when log_counts.unanswered_count <= incomplete_objects.incomplete_count then 0
        end as missing_count
    from answer_counts
    left join log_counts
        on answer_counts.job_name = log_counts.job_name
        and answer_counts.worker_key = log_counts.worker_key
    left join incomplete_objects on answer_counts.job_name = incomplete_objects.job_name
)

select * from final
