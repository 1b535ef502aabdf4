with source as (
    select * from {{ source('ground_truth', 'worker_activity') }}
),

current_files as (
    select * from {{ ref('current_source_files') }}
),

renamed as (
    select
        source.load_id,
        source.file_no,
        source.job_name,
        source.event_type,
        source.event_at,
        source.worker_key,
        source.worker_token,
        source.identity_issuer,
        source.identity_sub,
        source.accepted_at,
        source.submitted_at,
        source.returned_at,
        source.declined_at,
        source.workteam_name,
        source.labeling_job_name,
        source.job_reference_code,
        source.event_json
    from source
    inner join current_files
        on source.load_id = current_files.load_id
        and source.file_no = current_files.file_no
)

select * from renamed
