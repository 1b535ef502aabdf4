with form_fields as (
    select * from {{ ref('int_form_fields') }}
    where attribute_value is not null
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

directory as (
    select * from {{ ref('int_worker_directory') }}
),

-- The boxes beside the items of a bulk review are votes (int_bulk_review_votes), not attributes of the batch.
values_by_worker as (
    select
        form_fields.job_name,
        form_fields.attribute_name,
        form_fields.attribute_value,
        form_fields.worker_key,
        count(*) as answer_count
    from form_fields
    inner join labeling_jobs on form_fields.job_name = labeling_jobs.job_name
    where labeling_jobs.job_kind <> 'review' or {{ item_number('form_fields.attribute_name') }} is null
    group by
        form_fields.job_name,
        form_fields.attribute_name,
        form_fields.attribute_value,
        form_fields.worker_key
),

fields as (
    select
        job_name,
        attribute_name,
        sum(answer_count) as answer_count,
        count(*) as pair_count,
        count(distinct attribute_value) as value_count,
        count(distinct worker_key) as worker_count,
        -- The elements that are a choice, check boxes and radio buttons, say of each option whether it was chosen.
        bool_and(attribute_value in ('true', 'false')) as is_check_box,
        max(length(attribute_value)) as max_length,
        bool_or(attribute_value like '%@%' or attribute_value like '%://%') as has_address
    from values_by_worker
    group by job_name, attribute_name
),

-- Of the fields with text, those that look like a list to choose from: few values, each given twice or more on average,
-- none of them long, an address or a link; not a value for each worker, which would be a name.
likely_choices as (
    select *
    from fields
    where
        is_check_box
        or (
            value_count <= {{ var('form_choice_values') }}
            and answer_count >= 2 * value_count
            and max_length <= 100
            and not has_address
            and not (pair_count = value_count and pair_count = worker_count)
        )
),

fields_with_names as (
    select distinct
        values_by_worker.job_name,
        values_by_worker.attribute_name
    from values_by_worker
    inner join likely_choices
        on values_by_worker.job_name = likely_choices.job_name
        and values_by_worker.attribute_name = likely_choices.attribute_name
    inner join directory
        on lower(values_by_worker.attribute_value) = lower(directory.username)
        or lower(values_by_worker.attribute_value) = lower(directory.email)
),

choices as (
    select
        likely_choices.job_name,
        likely_choices.attribute_name,
        cast(likely_choices.answer_count as bigint) as answer_count,
        cast(likely_choices.value_count as bigint) as value_count
    from likely_choices
    left join fields_with_names
        on likely_choices.job_name = fields_with_names.job_name
        and likely_choices.attribute_name = fields_with_names.attribute_name
    where fields_with_names.job_name is null
)

select * from choices
