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
        source.config_json
    from source
    inner join current_files
        on source.load_id = current_files.load_id
        and source.file_no = current_files.file_no
)

select * from renamed
