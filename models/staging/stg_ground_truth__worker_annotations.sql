with source as (
    select * from {{ source('ground_truth', 'worker_annotations') }}
),

current_files as (
    select * from {{ ref('current_source_files') }}
),

renamed as (
    select
        source.load_id,
        source.file_no,
        source.job_name,
        source.iteration,
        source.object_index,
        source.answer_index,
        source.payload_folder,
        source.frame_name,
        source.element_name,
        source.frame_index,
        source.annotation_index,
        source.shape,
        source.label,
        source.class_id,
        source.confidence,
        source.track_id,
        source.track_name,
        source.sensor,
        source.box_left,
        source.box_top,
        source.box_width,
        source.box_height,
        source.start_offset,
        source.end_offset,
        source.vertex_count,
        source.area,
        source.center_x,
        source.center_y,
        source.center_z,
        source.cuboid_length,
        source.cuboid_width,
        source.cuboid_height,
        source.roll,
        source.pitch,
        source.yaw,
        source.point_count,
        source.region_share,
        source.geometry_json,
        source.extra_json
    from source
    inner join current_files
        on source.load_id = current_files.load_id
        and source.file_no = current_files.file_no
)

select * from renamed
