with data_objects as (
    select * from {{ ref('stg_ground_truth__data_objects') }}
),

labeling_jobs as (
    select * from {{ ref('stg_ground_truth__labeling_jobs') }}
),

results as (
    select
        job_name,
        label_attribute_name,
        task_type,
        modality,
        source_job_name,
        labeled_at,
        lower(source_job_name) = lower(job_name) as is_named_job,
        failure_reason is not null as is_failed,
        false as is_declared,
        false as is_described
    from data_objects
    where label_attribute_name is not null
),

-- A declared attribute counts even where no line has it yet. Who loads the job declares it, or its description does.
declared as (
    select
        job_name,
        label_attribute_name,
        cast(null as varchar) as task_type,
        cast(null as varchar) as modality,
        cast(null as varchar) as source_job_name,
        cast(null as timestamp(3)) as labeled_at,
        false as is_named_job,
        cast(null as boolean) as is_failed,
        description_json is null as is_declared,
        description_json is not null as is_described
    from labeling_jobs
    where label_attribute_name is not null
),

mentions as (
    select * from results
    union all
    select * from declared
),

-- One attribute may name several jobs (a job's output used as another's input under the same name): the newest
-- result tells what the attribute is. Failed results tell nothing, so they come last.
ranked as (
    select
        *,
        row_number() over (
            partition by job_name, label_attribute_name
            order by
                case when task_type is null then 1 else 0 end asc,
                labeled_at desc nulls last,
                task_type asc,
                source_job_name asc nulls last
        ) as newest_rank
    from mentions
),

attributes as (
    select
        job_name,
        label_attribute_name,
        max(case when newest_rank = 1 then task_type end) as task_type,
        max(case when newest_rank = 1 then modality end) as modality,
        max(case when newest_rank = 1 then source_job_name end) as source_job_name,
        max(labeled_at) as last_labeled_at,
        bool_or(coalesce(is_named_job, false)) as is_named_job,
        coalesce(bool_and(is_failed), false) as is_all_failed,
        -- NULL of every mention that is no result.
        count(is_failed) > 0 as has_results,
        bool_or(is_declared) as is_declared,
        bool_or(is_described) as is_described
    from ranked
    group by job_name, label_attribute_name
),

-- The job's own attribute: the declared one; else the one of the job's description, if a line has it; else one that
-- names this folder's job; else the described one, which no line has yet; else one of which there is no result at all
-- (failed objects name no job, and what labeled nothing is chained to nothing); else (a copied folder) the newest.
own_first as (
    select
        *,
        row_number() over (
            partition by job_name
            order by
                case
                    when is_declared then 0
                    when is_described and has_results then 1
                    when is_named_job then 2
                    when is_described then 3
                    when is_all_failed then 4
                    else 5
                end asc,
                last_labeled_at desc nulls last,
                label_attribute_name asc
        ) as own_rank
    from attributes
),

label_attributes as (
    select
        job_name,
        label_attribute_name,
        task_type,
        modality,
        source_job_name,
        last_labeled_at,
        own_rank > 1 as is_inherited
    from own_first
)

select * from label_attributes
