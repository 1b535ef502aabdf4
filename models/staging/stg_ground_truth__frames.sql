with source as (
    select * from {{ source('ground_truth', 'frames') }}
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
        source.frame_index,
        source.frame_name,
        source.annotation_count,
        source.extra_json
    from source
    inner join current_files
        on source.load_id = current_files.load_id
        and source.file_no = current_files.file_no
)

select * from renamed
