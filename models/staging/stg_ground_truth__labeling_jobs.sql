with source as (
    select * from {{ source('ground_truth', 'labeling_jobs') }}
),

current_files as (
    select * from {{ ref('current_source_files') }}
),

renamed as (
    select
        source.load_id,
        source.file_no,
        source.job_name,
        source.label_attribute_name,
        source.task_type,
        source.job_status,
        source.workteam_name,
        source.workers_per_object,
        source.annotation_type,
        source.audit_label_attribute_name,
        source.is_editable,
        source.config_json,
        source.labeling_job_arn,
        source.workteam_arn,
        source.failure_reason,
        source.created_at,
        source.modified_at,
        source.input_manifest_uri,
        source.output_uri,
        source.total_labeled_count,
        source.human_labeled_count,
        source.machine_labeled_count,
        source.failed_count,
        source.unlabeled_count,
        source.task_price_usd,
        source.task_time_limit_seconds,
        source.description_json
    from source
    inner join current_files
        on source.load_id = current_files.load_id
        and source.file_no = current_files.file_no
)

select * from renamed
