with source as (
    select * from {{ source('ground_truth', 'worker_frames') }}
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
        source.payload_folder,
        source.frame_name,
        source.frame_index,
        source.annotation_count,
        source.extra_json
    from source
    inner join current_files
        on source.load_id = current_files.load_id
        and source.file_no = current_files.file_no
)

select * from renamed
