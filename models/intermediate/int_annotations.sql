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

named as (
    select
        annotations.*,
        labeling_jobs.max_answers_per_object,
        {{ resolved_label_attribute('annotations', 'labeling_jobs') }} as attribute_name,
        {{ is_of_earlier_job('annotations', 'labeling_jobs') }} as is_inherited
    from annotations
    inner join labeling_jobs on annotations.job_name = labeling_jobs.job_name
),

labels as (
    select
        named.job_name,
        named.attribute_name as label_attribute_name,
        named.object_index,
        named.frame_index,
        named.annotation_index,
        object_labels.task_type,
        object_labels.modality,
        -- A sequence's file has the index of the class, and at best a name that begins with it.
        coalesce(class_labels.label, named.label) as label,
        named.class_id,
        {{ known_confidence('named.confidence', 'named.is_inherited', 'named.max_answers_per_object') }} as confidence,
        named.shape,
        named.track_id,
        named.track_name,
        named.box_left,
        named.box_top,
        named.box_width,
        named.box_height,
        named.start_offset,
        named.end_offset,
        named.vertex_count,
        named.area,
        named.is_inherited,
        object_labels.adjustment_status,
        object_labels.labeled_at,
        object_labels.labeled_date
    from named
    left join object_labels
        on named.job_name = object_labels.job_name
        and named.object_index = object_labels.object_index
        -- An attribute that nothing names is NULL on both sides.
        and coalesce(named.attribute_name, '') = coalesce(object_labels.label_attribute_name, '')
    left join class_labels
        on named.job_name = class_labels.job_name
        and named.object_index = class_labels.object_index
        and named.attribute_name = class_labels.label_attribute_name
        and named.class_id = class_labels.class_id
        and named.frame_index is not null
)

select * from labels
