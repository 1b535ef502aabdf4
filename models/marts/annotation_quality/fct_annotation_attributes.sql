with attribute_values as (
    select * from {{ ref('int_attribute_values') }}
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
    from attribute_values
    where scope = 'annotation'
)

select * from final
