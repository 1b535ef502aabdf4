with labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

review_samples as (
    select * from {{ ref('int_review_samples') }}
),

review_items as (
    select * from {{ ref('int_review_items') }}
    where audited_job_name is not null
),

objects as (
    select
        job_name,
        object_index,
        {{ object_key() }} as object_key,
        coalesce(source_uri, source_text) as data_object,
        -- A job may have a data object twice: the first is the first of the other job.
        row_number() over (
            partition by job_name, coalesce(source_uri, source_text)
            order by object_index
        ) as occurrence
    from {{ ref('int_object_labels') }}
    where
        not is_inherited
        and coalesce(source_uri, source_text) is not null
),

-- Whose labels they are, if they are of one worker.
single_workers as (
    select
        job_name,
        object_index,
        max(worker_key) as worker_key
    from worker_answers
    group by job_name, object_index
    having count(distinct worker_key) = 1
),

-- The data objects of a bulk review are batches; what it reviews are their items.
jobs_with_items as (
    select distinct job_name
    from review_items
),

reviewing_objects as (
    select
        objects.job_name,
        objects.object_index,
        cast(null as integer) as item_number,
        objects.data_object,
        objects.occurrence,
        labeling_jobs.audited_job_name,
        review_samples.audited_object_key
    from objects
    inner join labeling_jobs on objects.job_name = labeling_jobs.job_name
    left join review_samples
        on objects.job_name = review_samples.job_name
        and objects.object_index = review_samples.object_index
    left join jobs_with_items on objects.job_name = jobs_with_items.job_name
    where
        labeling_jobs.audited_job_name is not null
        and jobs_with_items.job_name is null
    union all
    select
        job_name,
        object_index,
        item_number,
        item_uri as data_object,
        cast(null as bigint) as occurrence,
        audited_job_name,
        audited_object_key
    from review_items
),

-- The line says which object it is, if review-manifest wrote it: of a data object that the job has twice, maybe the
-- second.
found_objects as (
    select
        reviewing_objects.job_name,
        reviewing_objects.object_index,
        reviewing_objects.item_number,
        reviewing_objects.audited_job_name,
        coalesce(named_objects.object_index, placed_objects.object_index) as audited_object_index
    from reviewing_objects
    left join objects as named_objects
        on reviewing_objects.audited_job_name = named_objects.job_name
        and reviewing_objects.data_object = named_objects.data_object
        and reviewing_objects.audited_object_key = named_objects.object_key
    left join objects as placed_objects
        on reviewing_objects.audited_job_name = placed_objects.job_name
        and reviewing_objects.data_object = placed_objects.data_object
        and reviewing_objects.occurrence = placed_objects.occurrence
    where named_objects.job_name is not null or placed_objects.job_name is not null
),

audited_objects as (
    select
        found_objects.job_name,
        found_objects.object_index,
        found_objects.item_number,
        found_objects.audited_job_name,
        found_objects.audited_object_index,
        single_workers.worker_key
    from found_objects
    left join single_workers
        on found_objects.audited_job_name = single_workers.job_name
        and found_objects.audited_object_index = single_workers.object_index
)

select * from audited_objects
