with annotation_attributes as (
    select * from {{ ref('stg_ground_truth__annotation_attributes') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

annotations as (
    select * from {{ ref('int_annotations') }}
),

values_with_label_attribute as (
    select
        annotation_attributes.job_name,
        {{ resolved_label_attribute('annotation_attributes', 'labeling_jobs') }} as label_attribute_name,
        annotation_attributes.object_index,
        annotation_attributes.frame_index,
        annotation_attributes.annotation_index,
        annotation_attributes.attribute_name,
        annotation_attributes.attribute_value,
        annotation_attributes.source_file_uri,
        {{ is_of_earlier_job('annotation_attributes', 'labeling_jobs') }} as is_inherited
    from annotation_attributes
    inner join labeling_jobs on annotation_attributes.job_name = labeling_jobs.job_name
    where annotation_attributes.scope = 'annotation'
),

values_with_label as (
    select
        values_with_label_attribute.job_name,
        values_with_label_attribute.label_attribute_name,
        values_with_label_attribute.object_index,
        values_with_label_attribute.frame_index,
        values_with_label_attribute.annotation_index,
        annotations.label,
        values_with_label_attribute.attribute_name,
        values_with_label_attribute.attribute_value,
        values_with_label_attribute.is_inherited,
        values_with_label_attribute.source_file_uri
    from values_with_label_attribute
    left join annotations
        on values_with_label_attribute.job_name = annotations.job_name
        and values_with_label_attribute.object_index = annotations.object_index
        and values_with_label_attribute.annotation_index = annotations.annotation_index
        -- Both are NULL if the label attribute is not known, and outside sequences.
        and coalesce(values_with_label_attribute.label_attribute_name, '')
        = coalesce(annotations.label_attribute_name, '')
        and coalesce(values_with_label_attribute.frame_index, -1) = coalesce(annotations.frame_index, -1)
)

select * from values_with_label
