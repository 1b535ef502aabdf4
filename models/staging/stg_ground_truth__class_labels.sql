with source as (
    select * from {{ source('ground_truth', 'class_labels') }}
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
        source.object_index,
        source.class_id,
        source.label,
        source.color,
        source.confidence
    from source
    inner join current_files
        on source.load_id = current_files.load_id
        and source.file_no = current_files.file_no
)

select * from renamed
