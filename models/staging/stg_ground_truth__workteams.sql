with source as (
    select * from {{ source('ground_truth', 'workteams') }}
),

current_files as (
    select * from {{ ref('current_source_files') }}
),

renamed as (
    select
        source.load_id,
        source.file_no,
        source.job_name,
        source.workteam_name,
        source.workteam_arn,
        source.workforce,
        source.identity_issuer,
        source.group_names,
        source.description,
        source.created_at,
        source.modified_at
    from source
    inner join current_files
        on source.load_id = current_files.load_id
        and source.file_no = current_files.file_no
)

select * from renamed
