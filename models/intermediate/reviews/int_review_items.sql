with review_items as (
    select * from {{ ref('stg_ground_truth__review_items') }}
),

data_objects as (
    select * from {{ ref('stg_ground_truth__data_objects') }}
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

batches as (
    select distinct
        job_name,
        object_index,
        {{ last_part('source_uri', '/') }} as batch_name
    from data_objects
    where source_uri is not null
),

items as (
    select
        ranked_items.job_name,
        batches.object_index,
        ranked_items.item_number,
        ranked_items.item_uri,
        ranked_items.label,
        -- 0.57 × 100 is a little less than 57.
        round(ranked_items.confidence * confidence_units.percent_per_unit, 10) as confidence,
        ranked_items.review_of as audited_object_key,
        {{ job_of_object_key('ranked_items.review_of') }} as audited_job_name,
        ranked_items.review_sample as sample_kind,
        ranked_items.source_file_uri
    from ranked_items
    inner join confidence_units on ranked_items.job_name = confidence_units.job_name
    inner join batches
        on ranked_items.job_name = batches.job_name
        and ranked_items.batch_name = batches.batch_name
    where ranked_items.version_rank = 1
)

select * from items
