with review_items as (
    select * from {{ ref('int_review_items') }}
),

form_fields as (
    select * from {{ ref('int_form_fields') }}
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
        review_items.job_name,
        review_items.object_index,
        votes_by_item_number.answer_no,
        review_items.item_number,
        review_items.item_uri,
        review_items.label,
        review_items.confidence,
        votes_by_item_number.worker_key,
        votes_by_item_number.is_confirmed,
        review_items.source_file_uri as item_file_uri
    from votes_by_item_number
    inner join review_items
        on votes_by_item_number.job_name = review_items.job_name
        and votes_by_item_number.object_index = review_items.object_index
        and votes_by_item_number.item_number = review_items.item_number
)

select * from votes
