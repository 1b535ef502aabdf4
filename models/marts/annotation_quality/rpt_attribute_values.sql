with attribute_values as (
    select * from {{ ref('int_attribute_values') }}
),

-- Frames are counted once, however many labels in one have the value.
places as (
    select
        job_name,
        scope,
        label,
        attribute_name,
        attribute_value,
        object_index,
        frame_index,
        count(*) as value_count
    from attribute_values
    where not is_inherited
    group by
        job_name,
        scope,
        label,
        attribute_name,
        attribute_value,
        object_index,
        frame_index
),

final as (
    select
        job_name,
        scope,
        label,
        attribute_name,
        attribute_value,
        cast(case when scope = 'annotation' then sum(value_count) end as bigint) as annotation_count,
        cast(nullif(count(frame_index), 0) as bigint) as frame_count,
        cast(count(distinct object_index) as bigint) as object_count
    from places
    group by
        job_name,
        scope,
        label,
        attribute_name,
        attribute_value
)

select * from final
