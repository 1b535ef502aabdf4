with attribute_values as (
    select * from {{ ref('int_attribute_values') }}
),

final as (
    select
        job_name,
        object_index,
        frame_index,
        attribute_name,
        attribute_value
    from attribute_values
    where scope = 'frame'
)

select * from final
