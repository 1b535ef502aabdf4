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

form_choices as (
    select * from {{ ref('int_form_choices') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

-- A custom job consolidates nothing by itself, so the fields of its form are counted from the answers.
fields_of_custom_jobs as (
    select
        form_fields.job_name,
        form_fields.attribute_name,
        form_fields.attribute_value,
        form_fields.object_index,
        form_fields.answer_no
    from form_fields
    inner join labeling_jobs on form_fields.job_name = labeling_jobs.job_name
    inner join form_choices
        on form_fields.job_name = form_choices.job_name
        and form_fields.attribute_name = form_choices.attribute_name
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
        frame_index,
        cast(null as integer) as answer_no
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
        frame_index,
        cast(null as integer) as answer_no
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
        cast(null as integer) as frame_index,
        cast(null as integer) as answer_no
    from object_attributes
    where not is_inherited
    union all
    select
        job_name,
        'answer' as scope,
        cast(null as varchar) as label,
        attribute_name,
        attribute_value,
        object_index,
        cast(null as integer) as frame_index,
        answer_no
    from fields_of_custom_jobs
),

-- A frame counts once, however many of its labels have the value, and so does an answer, however many of its fields.
values_by_frame as (
    select
        job_name,
        scope,
        label,
        attribute_name,
        attribute_value,
        object_index,
        frame_index,
        answer_no,
        count(*) as value_count
    from values_of_all_scopes
    group by
        job_name,
        scope,
        label,
        attribute_name,
        attribute_value,
        object_index,
        frame_index,
        answer_no
),

value_totals as (
    select
        job_name,
        scope,
        label,
        attribute_name,
        attribute_value,
        case when scope = 'annotation' then sum(value_count) end as annotation_count,
        nullif(count(frame_index), 0) as frame_count,
        count(distinct object_index) as object_count,
        nullif(count(answer_no), 0) as answer_count
    from values_by_frame
    group by
        job_name,
        scope,
        label,
        attribute_name,
        attribute_value
),

final as (
    select
        value_totals.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        cast(value_totals.scope as varchar) as scope,
        value_totals.label,
        value_totals.attribute_name,
        value_totals.attribute_value,
        cast(value_totals.annotation_count as bigint) as annotation_count,
        cast(value_totals.frame_count as bigint) as frame_count,
        cast(value_totals.object_count as bigint) as object_count,
        cast(value_totals.answer_count as bigint) as answer_count
    from value_totals
    inner join labeling_jobs on value_totals.job_name = labeling_jobs.job_name
)

select * from final
