with source as (
    select * from {{ source('ground_truth', 'label_attribute_definitions') }}
),

current_files as (
    select * from {{ ref('current_source_files') }}
),

renamed as (
    select
        source.load_id,
        source.file_no,
        source.job_name,
        source.scope,
        source.label,
        source.attribute_name,
        source.attribute_type,
        source.description,
        source.enum_json,
        source.minimum,
        source.maximum,
        source.is_required,
        source.edits_allowed
    from source
    inner join current_files
        on source.load_id = current_files.load_id
        and source.file_no = current_files.file_no
)

select * from renamed
