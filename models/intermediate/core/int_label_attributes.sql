with data_objects as (
    select * from {{ ref('stg_ground_truth__data_objects') }}
),

labeling_jobs as (
    select * from {{ ref('stg_ground_truth__labeling_jobs') }}
),

-- Attributes that appear in the manifest.
attributes_of_results as (
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

-- Attributes that --label-attribute declares or a description names. They count even if no line has them yet.
attributes_of_jobs as (
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
    select * from attributes_of_results
    union all
    select * from attributes_of_jobs
),

-- The metadata of one attribute may name several jobs, if a job's output was another's input under the same attribute.
-- The newest result decides what the attribute is. Failed results have no task type, so they come last.
ranked_mentions as (
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
        -- is_failed is NULL unless the mention is a result.
        count(is_failed) > 0 as has_results,
        bool_or(is_declared) as is_declared,
        bool_or(is_described) as is_described
    from ranked_mentions
    group by job_name, label_attribute_name
),

-- The job's own attribute is the first of these:
--   0. the declared one;
--   1. the described one, if a line has it;
--   2. one whose metadata names the job of this folder;
--   3. the described one, which no line has yet;
--   4. one by which every object failed: failed objects name no job, and no job is chained to one that labeled nothing;
--   5. the newest, which is right in a copied folder.
ranked_attributes as (
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
    from ranked_attributes
)

select * from label_attributes
