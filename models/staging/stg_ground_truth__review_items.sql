with source as (
    select * from {{ source('ground_truth', 'review_items') }}
),

current_files as (
    select * from {{ ref('current_source_files') }}
),

renamed as (
    select
        source.load_id,
        source.file_no,
        source.job_name,
        source.batch_name,
        source.item_number,
        source.item_uri,
        source.label,
        source.confidence,
        source.extra_json
    from source
    inner join current_files
        on source.load_id = current_files.load_id
        and source.file_no = current_files.file_no
)

select * from renamed
