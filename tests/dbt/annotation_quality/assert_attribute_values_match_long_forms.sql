-- Every attribute value that was loaded is in one long form, and rpt_attribute_values counts the job's own values and
-- those of form fields that are choices. Without it, values whose label is not found, or of a scope that no model
-- reads, vanish from the lists of values.
with form_values as (
    select distinct
        form_fields.job_name,
        form_fields.load_id,
        form_fields.file_no,
        form_fields.answer_index,
        form_fields.attribute_name,
        form_fields.attribute_value
    from {{ ref('stg_ground_truth__worker_annotation_attributes') }} as form_fields
    inner join {{ ref('dim_labeling_jobs') }} as jobs on form_fields.job_name = jobs.job_name
    inner join {{ ref('int_worker_answers') }} as answers
        on form_fields.load_id = answers.load_id
        and form_fields.file_no = answers.file_no
        and form_fields.answer_index = answers.answer_index
    inner join {{ ref('int_form_choices') }} as choices
        on form_fields.job_name = choices.job_name
        and form_fields.attribute_name = choices.attribute_name
    where
        form_fields.scope = 'object'
        and (jobs.task_type = 'custom' or jobs.task_type is null)
),

consolidated_values as (
    select
        attribute_values.job_name,
        attribute_values.scope,
        count(*) as value_count
    from {{ ref('stg_ground_truth__annotation_attributes') }} as attribute_values
    inner join {{ ref('dim_labeling_jobs') }} as jobs on attribute_values.job_name = jobs.job_name
    where coalesce(attribute_values.label_attribute_name = jobs.label_attribute_name, true)
    group by attribute_values.job_name, attribute_values.scope
),

counted_values as (
    select * from consolidated_values
    union all
    select
        job_name,
        'answer' as scope,
        count(*) as value_count
    from form_values
    group by job_name
),

staged as (
    select
        job_name,
        scope,
        sum(value_count) as value_count
    from counted_values
    group by job_name, scope
),

reported as (
    select
        job_name,
        scope,
        sum(
            case scope
                when 'annotation' then annotation_count
                when 'frame' then frame_count
                when 'answer' then answer_count
                else object_count
            end
        ) as value_count
    from {{ ref('rpt_attribute_values') }}
    group by job_name, scope
),

staged_totals as (
    select
        'staged values of labels' as what,
        count(*) as value_count
    from {{ ref('stg_ground_truth__annotation_attributes') }}
    where scope = 'annotation'
    union all
    select
        'staged values of frames' as what,
        count(*) as value_count
    from {{ ref('stg_ground_truth__annotation_attributes') }}
    where scope = 'frame'
),

mart_totals as (
    select
        'staged values of labels' as what,
        count(*) as value_count
    from {{ ref('fct_annotation_attributes') }}
    union all
    select
        'staged values of frames' as what,
        count(*) as value_count
    from {{ ref('fct_frame_attributes') }}
)

select
    coalesce(staged.job_name, reported.job_name) || ' ' || coalesce(staged.scope, reported.scope) as what,
    staged.value_count as staged_count,
    reported.value_count as mart_count
from staged
full outer join reported
    on staged.job_name = reported.job_name
    and staged.scope = reported.scope
where coalesce(staged.value_count, -1) <> coalesce(reported.value_count, -1)
union all
select
    staged_totals.what,
    staged_totals.value_count as staged_count,
    mart_totals.value_count as mart_count
from staged_totals
inner join mart_totals on staged_totals.what = mart_totals.what
where staged_totals.value_count <> mart_totals.value_count
