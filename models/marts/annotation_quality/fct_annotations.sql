{{ config(pre_hook="{{ add_attribute_columns_to_contract() }}") }}

with annotations as (
    select * from {{ ref('int_annotations') }}
),

annotation_attributes as (
    select * from {{ ref('fct_annotation_attributes') }}
),

attribute_values as (
    select
        job_name,
        label_attribute_name,
        object_index,
        frame_index,
        annotation_index
        {{- pivot_attribute_columns() }}
    from annotation_attributes
    group by
        job_name,
        label_attribute_name,
        object_index,
        frame_index,
        annotation_index
),

final as (
    select
        annotations.job_name,
        annotations.label_attribute_name,
        annotations.object_index,
        annotations.frame_index,
        annotations.annotation_index,
        annotations.task_type,
        annotations.modality,
        annotations.label,
        annotations.class_id,
        annotations.confidence,
        annotations.shape,
        annotations.track_id,
        annotations.track_name,
        annotations.sensor,
        annotations.box_left,
        annotations.box_top,
        annotations.box_width,
        annotations.box_height,
        annotations.start_offset,
        annotations.end_offset,
        cast(annotations.vertex_count as bigint) as vertex_count,
        annotations.area,
        annotations.center_x,
        annotations.center_y,
        annotations.center_z,
        annotations.cuboid_length,
        annotations.cuboid_width,
        annotations.cuboid_height,
        annotations.roll,
        annotations.pitch,
        annotations.yaw,
        annotations.point_count,
        annotations.region_share,
        annotations.is_inherited,
        cast(annotations.labeled_at as timestamp(3)) as labeled_at,
        annotations.labeled_date
        {{- select_attribute_columns('attribute_values') }}
    from annotations
    left join attribute_values
        on annotations.job_name = attribute_values.job_name
        and annotations.object_index = attribute_values.object_index
        and annotations.annotation_index = attribute_values.annotation_index
        -- Both are NULL if the label attribute is not known, and outside sequences.
        and coalesce(annotations.label_attribute_name, '') = coalesce(attribute_values.label_attribute_name, '')
        and coalesce(annotations.frame_index, -1) = coalesce(attribute_values.frame_index, -1)
)

select * from final
