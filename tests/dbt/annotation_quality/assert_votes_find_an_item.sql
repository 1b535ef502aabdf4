{{ config(severity='warn') }}

-- Items of bulk reviews that have no vote although their batch was answered: a template that numbers items from 1,
-- other names of fields, or check boxes and values that are missing from the vars review_confirming_values and
-- review_rejecting_values. Without it, such items are left out silently.
with items as (
    select * from {{ ref('stg_ground_truth__review_items') }}
),

data_objects as (
    select * from {{ ref('stg_ground_truth__data_objects') }}
),

answers as (
    select * from {{ ref('int_worker_answers') }}
),

reviews as (
    select * from {{ ref('fct_label_reviews') }}
),

answered_batches as (
    select distinct
        data_objects.job_name,
        {{ last_part('data_objects.source_uri', '/') }} as batch_name
    from data_objects
    inner join answers
        on data_objects.job_name = answers.job_name
        and data_objects.object_index = answers.object_index
)

select
    items.job_name,
    items.batch_name,
    items.item_number,
    items.item_uri,
    items.label
from items
inner join answered_batches
    on items.job_name = answered_batches.job_name
    and items.batch_name = answered_batches.batch_name
left join reviews
    on items.job_name = reviews.job_name
    and items.item_uri = reviews.item_uri
    and items.label = reviews.label
where reviews.job_name is null
