with adjusted_objects as (
    select * from {{ ref('int_adjusted_objects') }}
),

annotations as (
    select * from {{ ref('int_annotations') }}
),

labels_in_manifest as (
    select
        adjusted_objects.job_name,
        adjusted_objects.object_index,
        annotations.job_name as earlier_job_name,
        annotations.object_index as earlier_object_index,
        annotations.label_attribute_name as earlier_label_attribute_name,
        annotations.frame_index,
        annotations.annotation_index,
        {{ label_set_columns('annotations') }}
    from adjusted_objects
    inner join annotations
        on adjusted_objects.job_name = annotations.job_name
        and adjusted_objects.object_index = annotations.object_index
        and adjusted_objects.label_attribute_name = annotations.label_attribute_name
    where adjusted_objects.label_file_uri is null
),

labels_in_files as (
    select
        adjusted_objects.job_name,
        adjusted_objects.object_index,
        annotations.job_name as earlier_job_name,
        annotations.object_index as earlier_object_index,
        annotations.label_attribute_name as earlier_label_attribute_name,
        annotations.frame_index,
        annotations.annotation_index,
        {{ label_set_columns('annotations') }}
    from adjusted_objects
    inner join annotations
        on adjusted_objects.label_file_job_name = annotations.job_name
        and adjusted_objects.label_file_uri = annotations.source_file_uri
    where annotations.sensor is null
),

labels as (
    select * from labels_in_manifest
    union all
    select * from labels_in_files
)

select * from labels
