with annotation_attributes as (
    select * from {{ ref('int_annotation_attributes') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

final as (
    select
        {{ annotation_key('annotation_attributes', has_inherited=true) }} as annotation_key,
        {{ frame_key('annotation_attributes', has_inherited=true) }} as frame_key,
        {{ object_key('annotation_attributes', has_inherited=true) }} as object_key,
        annotation_attributes.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        annotation_attributes.label_attribute_name,
        annotation_attributes.object_index,
        annotation_attributes.frame_index,
        annotation_attributes.annotation_index,
        annotation_attributes.attribute_name,
        annotation_attributes.attribute_value,
        annotation_attributes.is_inherited,
        annotation_attributes.source_file_uri
    from annotation_attributes
    inner join labeling_jobs on annotation_attributes.job_name = labeling_jobs.job_name
)

select * from final
