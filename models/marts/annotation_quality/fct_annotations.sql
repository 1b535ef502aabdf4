{{ config(pre_hook="{{ add_attribute_columns_to_contract('attribute_columns') }}") }}

with annotations as (
    select * from {{ ref('int_annotations') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

annotation_attributes as (
    select * from {{ ref('fct_annotation_attributes') }}
),

attribute_values as (
    select
        annotation_key
        {{- pivot_attribute_columns('attribute_columns') }}
    from annotation_attributes
    group by annotation_key
),

keyed_annotations as (
    select
        *,
        {{ annotation_key(has_inherited=true) }} as annotation_key,
        {{ frame_key(has_inherited=true) }} as frame_key,
        {{ object_key(has_inherited=true) }} as object_key
    from annotations
),

final as (
    select
        keyed_annotations.annotation_key,
        keyed_annotations.frame_key,
        keyed_annotations.object_key,
        keyed_annotations.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        keyed_annotations.label_attribute_name,
        keyed_annotations.object_index,
        keyed_annotations.frame_index,
        keyed_annotations.annotation_index,
        keyed_annotations.task_type,
        keyed_annotations.modality,
        keyed_annotations.label,
        keyed_annotations.class_id,
        keyed_annotations.confidence,
        keyed_annotations.shape,
        keyed_annotations.track_id,
        keyed_annotations.track_name,
        keyed_annotations.sensor,
        keyed_annotations.box_left,
        keyed_annotations.box_top,
        keyed_annotations.box_width,
        keyed_annotations.box_height,
        keyed_annotations.start_offset,
        keyed_annotations.end_offset,
        cast(keyed_annotations.vertex_count as bigint) as vertex_count,
        keyed_annotations.area,
        keyed_annotations.center_x,
        keyed_annotations.center_y,
        keyed_annotations.center_z,
        keyed_annotations.cuboid_length,
        keyed_annotations.cuboid_width,
        keyed_annotations.cuboid_height,
        keyed_annotations.roll,
        keyed_annotations.pitch,
        keyed_annotations.yaw,
        keyed_annotations.point_count,
        keyed_annotations.region_share,
        keyed_annotations.is_inherited,
        cast(keyed_annotations.labeled_at as timestamp(3)) as labeled_at,
        keyed_annotations.labeled_date,
        keyed_annotations.source_file_uri
        {{- select_attribute_columns('attribute_values', 'attribute_columns') }}
    from keyed_annotations
    inner join labeling_jobs on keyed_annotations.job_name = labeling_jobs.job_name
    left join attribute_values on keyed_annotations.annotation_key = attribute_values.annotation_key
)

select * from final
