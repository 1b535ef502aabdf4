with attribute_definitions as (
    select * from {{ ref('int_label_attribute_definitions') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

final as (
    select
        attribute_definitions.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        attribute_definitions.scope,
        attribute_definitions.label,
        attribute_definitions.attribute_name,
        attribute_definitions.attribute_type,
        attribute_definitions.description,
        attribute_definitions.enum_json,
        attribute_definitions.minimum,
        attribute_definitions.maximum,
        attribute_definitions.is_required,
        attribute_definitions.edits_allowed,
        attribute_definitions.source_file_uri
    from attribute_definitions
    inner join labeling_jobs on attribute_definitions.job_name = labeling_jobs.job_name
)

select * from final
