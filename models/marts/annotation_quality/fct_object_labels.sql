with object_labels as (
    select * from {{ ref('int_object_labels') }}
),

final as (
    select
        job_name,
        label_attribute_name,
        object_index,
        source_uri,
        source_text,
        task_type,
        modality,
        label,
        cast(label_count as bigint) as label_count,
        confidence,
        is_human_annotated,
        adjustment_status,
        failure_reason,
        is_inherited,
        source_job_name,
        worker_feedback_json,
        cast(labeled_at as timestamp(3)) as labeled_at,
        labeled_date
    from object_labels
)

select * from final
