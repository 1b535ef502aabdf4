with labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

objects as (
    select
        job_name,
        object_index,
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

audited_objects as (
    select
        objects.job_name,
        objects.object_index,
        labeling_jobs.audited_job_name,
        earlier_objects.object_index as audited_object_index,
        single_workers.worker_key
    from objects
    inner join labeling_jobs on objects.job_name = labeling_jobs.job_name
    inner join objects as earlier_objects
        on labeling_jobs.audited_job_name = earlier_objects.job_name
        and objects.data_object = earlier_objects.data_object
        and objects.occurrence = earlier_objects.occurrence
    left join single_workers
        on earlier_objects.job_name = single_workers.job_name
        and earlier_objects.object_index = single_workers.object_index
)

select * from audited_objects
