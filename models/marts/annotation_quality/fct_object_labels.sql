with object_labels as (
    select * from {{ ref('int_object_labels') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

object_answers as (
    select * from {{ ref('int_object_answers') }}
),

final as (
    select
        {{ object_key('object_labels', has_inherited=true) }} as object_key,
        object_labels.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        object_labels.label_attribute_name,
        object_labels.object_index,
        object_labels.source_uri,
        object_labels.source_text,
        object_labels.task_type,
        object_labels.modality,
        object_labels.label,
        cast(object_labels.label_count as bigint) as label_count,
        object_labels.confidence,
        object_labels.is_human_annotated,
        -- Nobody answered an inherited result in this job.
        case
            when not object_labels.is_inherited then coalesce(object_answers.answer_count, 0)
        end as answer_count,
        case
            when not object_labels.is_inherited then coalesce(object_answers.worker_count, 0)
        end as worker_count,
        cast(object_labels.label_status as varchar) as label_status,
        object_labels.adjustment_status,
        object_labels.failure_reason,
        object_labels.is_inherited,
        object_labels.source_job_name,
        case when object_labels.modality = 'other' then object_labels.value_json end as value_json,
        object_labels.worker_feedback_json,
        cast(object_labels.labeled_at as timestamp(3)) as labeled_at,
        object_labels.labeled_date,
        object_labels.source_file_uri
    from object_labels
    inner join labeling_jobs on object_labels.job_name = labeling_jobs.job_name
    left join object_answers
        on object_labels.job_name = object_answers.job_name
        and object_labels.object_index = object_answers.object_index
)

select * from final
