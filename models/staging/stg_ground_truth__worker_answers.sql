with source as (
    select * from {{ source('ground_truth', 'worker_answers') }}
),

current_files as (
    select * from {{ ref('current_source_files') }}
),

renamed as (
    select
        source.load_id,
        source.file_no,
        source.job_name,
        source.iteration,
        source.object_index,
        source.answer_index,
        source.worker_key,
        source.worker_id,
        source.workforce,
        source.identity_provider,
        source.identity_issuer,
        source.identity_sub,
        source.accepted_at,
        source.submitted_at,
        source.time_spent_seconds,
        source.task_type,
        source.label_count,
        source.payload_folder,
        source.answer_json,
        source.extra_json
    from source
    inner join current_files
        on source.load_id = current_files.load_id
        and source.file_no = current_files.file_no
)

select * from renamed
