{{ config(pre_hook="{{ add_attribute_columns_to_contract() }}") }}

with frames as (
    select * from {{ ref('int_frames') }}
),

frame_attributes as (
    select * from {{ ref('fct_frame_attributes') }}
),

attribute_values as (
    select
        job_name,
        object_index,
        frame_index
        {{- pivot_attribute_columns() }}
    from frame_attributes
    group by
        job_name,
        object_index,
        frame_index
),

final as (
    select
        frames.job_name,
        frames.object_index,
        frames.frame_index,
        frames.frame_name,
        frames.annotation_count,
        frames.track_count
        {{- select_attribute_columns('attribute_values') }}
    from frames
    left join attribute_values
        on frames.job_name = attribute_values.job_name
        and frames.object_index = attribute_values.object_index
        and frames.frame_index = attribute_values.frame_index
)

select * from final
