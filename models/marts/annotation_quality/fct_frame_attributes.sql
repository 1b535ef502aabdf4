with frame_attributes as (
    select * from {{ ref('int_frame_attributes') }}
),

final as (
    select
        job_name,
        object_index,
        frame_index,
        attribute_name,
        attribute_value
    from frame_attributes
)

select * from final
