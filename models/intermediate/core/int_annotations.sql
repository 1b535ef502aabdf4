with annotations as (
    select * from {{ ref('stg_ground_truth__annotations') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

object_labels as (
    select * from {{ ref('int_object_labels') }}
),

class_labels as (
    select * from {{ ref('stg_ground_truth__class_labels') }}
),

mask_labels as (
    select * from {{ ref('int_mask_labels') }}
),

assigned_annotations as (
    select
        annotations.*,
        labeling_jobs.max_answers_per_object,
        {{ resolved_label_attribute('annotations', 'labeling_jobs') }} as known_label_attribute_name,
        {{ is_of_earlier_job('annotations', 'labeling_jobs') }} as is_inherited
    from annotations
    inner join labeling_jobs on annotations.job_name = labeling_jobs.job_name
),

-- Of the masks in label files, only the classes that count.
counted_annotations as (
    select
        assigned_annotations.*,
        mask_labels.label as mask_label,
        mask_labels.confidence as mask_confidence
    from assigned_annotations
    left join mask_labels
        on assigned_annotations.load_id = mask_labels.load_id
        and assigned_annotations.file_no = mask_labels.file_no
        and assigned_annotations.object_index = mask_labels.object_index
        and assigned_annotations.annotation_index = mask_labels.annotation_index
        and assigned_annotations.shape = 'mask'
    where
        assigned_annotations.shape is distinct from 'mask'
        or assigned_annotations.label_attribute_name is not null
        or mask_labels.job_name is not null
),

labels_with_object as (
    select
        counted_annotations.job_name,
        counted_annotations.known_label_attribute_name as label_attribute_name,
        counted_annotations.object_index,
        counted_annotations.frame_index,
        counted_annotations.annotation_index,
        object_labels.task_type,
        object_labels.modality,
        -- A mask's file has only the index of the class; a sequence's has at best a name that begins with it.
        coalesce(counted_annotations.mask_label, class_labels.label, counted_annotations.label) as label,
        counted_annotations.class_id,
        {{ known_confidence(
            'coalesce(counted_annotations.mask_confidence, counted_annotations.confidence)',
            'counted_annotations.is_inherited',
            'counted_annotations.max_answers_per_object'
        ) }} as confidence,
        counted_annotations.shape,
        counted_annotations.track_id,
        counted_annotations.track_name,
        counted_annotations.sensor,
        counted_annotations.box_left,
        counted_annotations.box_top,
        counted_annotations.box_width,
        counted_annotations.box_height,
        counted_annotations.start_offset,
        counted_annotations.end_offset,
        counted_annotations.vertex_count,
        counted_annotations.area,
        {{ keypoint_or_center('counted_annotations', 'x') }} as center_x,
        {{ keypoint_or_center('counted_annotations', 'y') }} as center_y,
        counted_annotations.center_z,
        counted_annotations.cuboid_length,
        counted_annotations.cuboid_width,
        counted_annotations.cuboid_height,
        counted_annotations.roll,
        counted_annotations.pitch,
        counted_annotations.yaw,
        counted_annotations.point_count,
        counted_annotations.region_share,
        {{ measured_label_key('counted_annotations', 'annotations') }} as label_key,
        counted_annotations.is_inherited,
        object_labels.adjustment_status,
        object_labels.labeled_at,
        object_labels.labeled_date,
        counted_annotations.source_file_uri
    from counted_annotations
    left join object_labels
        on counted_annotations.job_name = object_labels.job_name
        and counted_annotations.object_index = object_labels.object_index
        -- Both are NULL if the label attribute is not known.
        and coalesce(counted_annotations.known_label_attribute_name, '')
        = coalesce(object_labels.label_attribute_name, '')
    left join class_labels
        on counted_annotations.job_name = class_labels.job_name
        and counted_annotations.object_index = class_labels.object_index
        and counted_annotations.known_label_attribute_name = class_labels.label_attribute_name
        and counted_annotations.class_id = class_labels.class_id
        and counted_annotations.frame_index is not null
)

select * from labels_with_object
