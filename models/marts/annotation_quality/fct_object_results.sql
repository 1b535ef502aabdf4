with object_labels as (
    select * from {{ ref('int_object_labels') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

final as (
    select
        {{ object_key('object_labels') }} as object_key,
        object_labels.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        object_labels.label_attribute_name,
        object_labels.object_index,
        object_labels.value_json,
        object_labels.metadata_json,
        object_labels.passthrough_json,
        object_labels.source_file_uri
    from object_labels
    inner join labeling_jobs on object_labels.job_name = labeling_jobs.job_name
    where
        not object_labels.is_inherited
        and object_labels.failure_reason is null
        and object_labels.metadata_json is not null
)

select * from final
