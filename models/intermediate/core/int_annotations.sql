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

named as (
    select
        annotations.*,
        labeling_jobs.max_answers_per_object,
        {{ resolved_label_attribute('annotations', 'labeling_jobs') }} as attribute_name,
        {{ is_of_earlier_job('annotations', 'labeling_jobs') }} as is_inherited
    from annotations
    inner join labeling_jobs on annotations.job_name = labeling_jobs.job_name
),

-- Of the label files that are masks, those classes that count.
counted as (
    select
        named.*,
        mask_labels.label as mask_label,
        mask_labels.confidence as mask_confidence
    from named
    left join mask_labels
        on named.load_id = mask_labels.load_id
        and named.file_no = mask_labels.file_no
        and named.object_index = mask_labels.object_index
        and named.annotation_index = mask_labels.annotation_index
        and named.shape = 'mask'
    where
        named.shape is distinct from 'mask'
        or named.label_attribute_name is not null
        or mask_labels.job_name is not null
),

labels as (
    select
        counted.job_name,
        counted.attribute_name as label_attribute_name,
        counted.object_index,
        counted.frame_index,
        counted.annotation_index,
        object_labels.task_type,
        object_labels.modality,
        -- The file of a mask has the index of the class alone, a sequence's at best a name that begins with it.
        coalesce(counted.mask_label, class_labels.label, counted.label) as label,
        counted.class_id,
        {{ known_confidence(
            'coalesce(counted.mask_confidence, counted.confidence)',
            'counted.is_inherited',
            'counted.max_answers_per_object'
        ) }} as confidence,
        counted.shape,
        counted.track_id,
        counted.track_name,
        counted.sensor,
        counted.box_left,
        counted.box_top,
        counted.box_width,
        counted.box_height,
        counted.start_offset,
        counted.end_offset,
        counted.vertex_count,
        counted.area,
        counted.center_x,
        counted.center_y,
        counted.center_z,
        counted.cuboid_length,
        counted.cuboid_width,
        counted.cuboid_height,
        counted.roll,
        counted.pitch,
        counted.yaw,
        counted.point_count,
        counted.region_share,
        counted.is_inherited,
        object_labels.adjustment_status,
        object_labels.labeled_at,
        object_labels.labeled_date
    from counted
    left join object_labels
        on counted.job_name = object_labels.job_name
        and counted.object_index = object_labels.object_index
        -- An attribute that nothing names is NULL on both sides.
        and coalesce(counted.attribute_name, '') = coalesce(object_labels.label_attribute_name, '')
    left join class_labels
        on counted.job_name = class_labels.job_name
        and counted.object_index = class_labels.object_index
        and counted.attribute_name = class_labels.label_attribute_name
        and counted.class_id = class_labels.class_id
        and counted.frame_index is not null
)

select * from labels
