with review_items as (
    select * from {{ ref('stg_ground_truth__review_items') }}
),

data_objects as (
    select * from {{ ref('stg_ground_truth__data_objects') }}
),

form_fields as (
    select * from {{ ref('int_form_fields') }}
),

-- A batch may have been found in two places.
ranked_items as (
    select
        *,
        row_number() over (
            partition by job_name, batch_name, item_number
            order by load_id desc, file_no desc
        ) as version_rank
    from review_items
),

-- Models give their confidence as a share or in percent. It is a share if no item of the job has more than 1.
confidence_units as (
    select
        job_name,
        case when max(confidence) <= 1 then 100 else 1 end as percent_per_unit
    from review_items
    group by job_name
),

items as (
    select
        ranked_items.job_name,
        ranked_items.batch_name,
        ranked_items.item_number,
        ranked_items.item_uri,
        ranked_items.label,
        ranked_items.source_file_uri,
        ranked_items.confidence * confidence_units.percent_per_unit as confidence
    from ranked_items
    inner join confidence_units on ranked_items.job_name = confidence_units.job_name
    where ranked_items.version_rank = 1
),

batches as (
    select distinct
        job_name,
        object_index,
        {{ last_part('source_uri', '/') }} as batch_name
    from data_objects
    where source_uri is not null
),

numbered_fields as (
    select
        job_name,
        object_index,
        answer_no,
        worker_key,
        attribute_value as field_value,
        {{ item_number('attribute_name') }} as item_number,
        {{ item_check_box('attribute_name') }} as check_box
    from form_fields
),

-- A value or check box that is in neither list is no vote.
field_verdicts as (
    select
        *,
        case
            when check_box is null and {{ is_named('field_value', list_var('review_confirming_values')) }} then true
            when check_box is null and {{ is_named('field_value', list_var('review_rejecting_values')) }} then false
            when field_value not in ('true', 'false') then cast(null as boolean)
            when {{ is_named('check_box', list_var('review_confirming_values')) }} then field_value = 'true'
            when {{ is_named('check_box', list_var('review_rejecting_values')) }} then field_value = 'false'
        end as is_confirmed
    from numbered_fields
    where item_number is not null
),

-- The check boxes of one item are one vote, and no vote if they contradict each other or none is ticked.
votes_by_item_number as (
    select
        job_name,
        object_index,
        answer_no,
        worker_key,
        item_number,
        bool_and(is_confirmed) as is_confirmed
    from field_verdicts
    where is_confirmed is not null
    group by
        job_name,
        object_index,
        answer_no,
        worker_key,
        item_number
    having bool_and(is_confirmed) = bool_or(is_confirmed)
),

votes as (
    select
        items.job_name,
        votes_by_item_number.object_index,
        votes_by_item_number.answer_no,
        items.item_number,
        items.item_uri,
        items.label,
        -- 0.57 × 100 is a little less than 57.
        round(items.confidence, 10) as confidence,
        votes_by_item_number.worker_key,
        votes_by_item_number.is_confirmed,
        items.source_file_uri as item_file_uri
    from votes_by_item_number
    inner join batches
        on votes_by_item_number.job_name = batches.job_name
        and votes_by_item_number.object_index = batches.object_index
    inner join items
        on batches.job_name = items.job_name
        and batches.batch_name = items.batch_name
        and votes_by_item_number.item_number = items.item_number
)

select * from votes
