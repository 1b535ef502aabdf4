with attribute_values as (
    select * from {{ ref('int_attribute_values') }}
),

worker_values as (
    select * from {{ ref('stg_ground_truth__worker_annotation_attributes') }}
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

-- What workers filled in on the forms of a custom job, which consolidates nothing by itself. An object has each value
-- that any worker gave.
form_values as (
    select
        worker_answers.job_name,
        worker_values.scope,
        cast(null as varchar) as label,
        worker_values.attribute_name,
        worker_values.attribute_value,
        worker_answers.object_index,
        cast(null as integer) as frame_index,
        false as is_inherited
    from worker_values
    inner join worker_answers
        on worker_values.load_id = worker_answers.load_id
        and worker_values.file_no = worker_answers.file_no
        and worker_values.answer_index = worker_answers.answer_index
    inner join labeling_jobs on worker_answers.job_name = labeling_jobs.job_name
    where
        worker_values.scope = 'object'
        and coalesce(labeling_jobs.task_type, 'custom') = 'custom'
),

given as (
    select
        job_name,
        scope,
        label,
        attribute_name,
        attribute_value,
        object_index,
        frame_index,
        is_inherited
    from attribute_values
    union all
    select * from form_values
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
    from given
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
