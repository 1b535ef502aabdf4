with attribute_values as (
    select * from {{ ref('stg_ground_truth__annotation_attributes') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

annotations as (
    select * from {{ ref('int_annotations') }}
),

named as (
    select
        attribute_values.job_name,
        attribute_values.object_index,
        attribute_values.frame_index,
        attribute_values.annotation_index,
        attribute_values.scope,
        attribute_values.attribute_name,
        attribute_values.attribute_value,
        {{ resolved_label_attribute('attribute_values', 'labeling_jobs') }} as label_attribute_name,
        {{ is_of_earlier_job('attribute_values', 'labeling_jobs') }} as is_inherited
    from attribute_values
    inner join labeling_jobs on attribute_values.job_name = labeling_jobs.job_name
),

labeled as (
    select
        named.job_name,
        named.label_attribute_name,
        named.object_index,
        named.frame_index,
        named.annotation_index,
        named.scope,
        annotations.label,
        named.attribute_name,
        named.attribute_value,
        named.is_inherited
    from named
    left join annotations
        on named.job_name = annotations.job_name
        and named.object_index = annotations.object_index
        and named.annotation_index = annotations.annotation_index
        and named.scope = 'annotation'
        -- NULL on both sides where nothing names the attribute, and outside sequences.
        and coalesce(named.label_attribute_name, '') = coalesce(annotations.label_attribute_name, '')
        and coalesce(named.frame_index, -1) = coalesce(annotations.frame_index, -1)
)

select * from labeled
