with annotations as (
    select * from {{ ref('stg_ground_truth__annotations') }}
),

label_files as (
    select * from {{ ref('int_label_files') }}
),

class_labels as (
    select * from {{ ref('stg_ground_truth__class_labels') }}
),

class_maps as (
    select distinct
        job_name,
        label_attribute_name,
        object_index
    from class_labels
),

classes_of_files as (
    select
        label_files.job_name,
        label_files.label_attribute_name,
        label_files.object_index,
        label_files.load_id,
        label_files.file_no,
        label_files.file_kind,
        annotations.annotation_index,
        annotations.class_id,
        class_labels.label as mapped_label,
        coalesce(class_labels.label, annotations.class_id) as label,
        class_labels.confidence,
        class_maps.job_name is not null as has_class_map
    from label_files
    inner join annotations
        on label_files.load_id = annotations.load_id
        and label_files.file_no = annotations.file_no
        and label_files.object_index = annotations.object_index
    left join class_labels
        on label_files.job_name = class_labels.job_name
        and label_files.label_attribute_name = class_labels.label_attribute_name
        and label_files.object_index = class_labels.object_index
        and annotations.class_id = class_labels.class_id
    left join class_maps
        on label_files.job_name = class_maps.job_name
        and label_files.label_attribute_name = class_maps.label_attribute_name
        and label_files.object_index = class_maps.object_index
),

-- If there is a class map, an index that is missing from it is no class. Index 0 of a mask is the part that nobody
-- labeled, called BACKGROUND; index 0 of a point cloud is a class like any other.
mask_labels as (
    select
        job_name,
        label_attribute_name,
        object_index,
        load_id,
        file_no,
        annotation_index,
        label,
        confidence
    from classes_of_files
    where
        (mapped_label is not null or not has_class_map)
        and not (
            class_id = '0'
            and (coalesce(mapped_label, '') = 'BACKGROUND' or (mapped_label is null and file_kind = 'mask'))
        )
)

select * from mask_labels
