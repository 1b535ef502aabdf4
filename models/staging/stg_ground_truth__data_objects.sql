with source as (
    select * from {{ source('ground_truth', 'data_objects') }}
),

current_files as (
    select * from {{ ref('current_source_files') }}
),

renamed as (
    select
        source.load_id,
        source.file_no,
        source.job_name,
        source.object_index,
        source.label_attribute_name,
        source.source_uri,
        source.source_text,
        source.metadata_type,
        source.task_type,
        source.modality,
        source.source_job_name,
        source.label,
        source.class_id,
        source.label_count,
        source.confidence,
        source.is_human_annotated,
        source.adjustment_status,
        source.failure_reason,
        source.labeled_at,
        source.image_width,
        source.image_height,
        source.image_depth,
        source.label_uri,
        source.worker_response_uri,
        source.worker_feedback_json,
        source.stream_object_id,
        source.value_json,
        source.metadata_json,
        source.passthrough_json
    from source
    inner join current_files
        on source.load_id = current_files.load_id
        and source.file_no = current_files.file_no
)

select * from renamed
