with annotation_attributes as (
    select * from {{ ref('int_annotation_attributes') }}
),

frame_attributes as (
    select * from {{ ref('int_frame_attributes') }}
),

object_attributes as (
    select * from {{ ref('int_object_attributes') }}
),

form_fields as (
    select * from {{ ref('int_form_fields') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

-- A custom job consolidates nothing by itself, so the fields of its form are counted from the answers. An object has
-- every value that any worker gave.
fields_of_custom_jobs as (
    select
        form_fields.job_name,
        form_fields.attribute_name,
        form_fields.attribute_value,
        form_fields.object_index
    from form_fields
    inner join labeling_jobs on form_fields.job_name = labeling_jobs.job_name
    where coalesce(labeling_jobs.task_type, 'custom') = 'custom'
),

values_of_all_scopes as (
    select
        job_name,
        'annotation' as scope,
        label,
        attribute_name,
        attribute_value,
        object_index,
        frame_index
    from annotation_attributes
    where not is_inherited
    union all
    select
        job_name,
        'frame' as scope,
        cast(null as varchar) as label,
        attribute_name,
        attribute_value,
        object_index,
        frame_index
    from frame_attributes
    where not is_inherited
    union all
    select
        job_name,
        'object' as scope,
        cast(null as varchar) as label,
        attribute_name,
        attribute_value,
        object_index,
        cast(null as integer) as frame_index
    from object_attributes
    where not is_inherited
    union all
    select
        job_name,
        'object' as scope,
        cast(null as varchar) as label,
        attribute_name,
        attribute_value,
        object_index,
        cast(null as integer) as frame_index
    from fields_of_custom_jobs
),

-- A frame counts once, however many of its labels have the value.
values_by_frame as (
    select
        job_name,
        scope,
        label,
        attribute_name,
        attribute_value,
        object_index,
        frame_index,
        count(*) as value_count
    from values_of_all_scopes
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
        cast(scope as varchar) as scope,
        label,
        attribute_name,
        attribute_value,
        cast(case when scope = 'annotation' then sum(value_count) end as bigint) as annotation_count,
        cast(nullif(count(frame_index), 0) as bigint) as frame_count,
        cast(count(distinct object_index) as bigint) as object_count
    from values_by_frame
    group by
        job_name,
        scope,
        label,
        attribute_name,
        attribute_value
)

select * from final
