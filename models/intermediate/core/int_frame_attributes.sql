with annotation_attributes as (
    select * from {{ ref('stg_ground_truth__annotation_attributes') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

frame_values as (
    select
        annotation_attributes.job_name,
        {{ resolved_label_attribute('annotation_attributes', 'labeling_jobs') }} as label_attribute_name,
        annotation_attributes.object_index,
        annotation_attributes.frame_index,
        annotation_attributes.attribute_name,
        annotation_attributes.attribute_value,
        {{ is_of_earlier_job('annotation_attributes', 'labeling_jobs') }} as is_inherited,
        annotation_attributes.source_file_uri
    from annotation_attributes
    inner join labeling_jobs on annotation_attributes.job_name = labeling_jobs.job_name
    where annotation_attributes.scope = 'frame'
)

select * from frame_values
