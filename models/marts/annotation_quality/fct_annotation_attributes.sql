with annotation_attributes as (
    select * from {{ ref('int_annotation_attributes') }}
),

final as (
    select
        job_name,
        label_attribute_name,
        object_index,
        frame_index,
        annotation_index,
        attribute_name,
        attribute_value,
        is_inherited
    from annotation_attributes
)

select * from final
