with labeling_jobs as (
    select * from {{ ref('stg_ground_truth__labeling_jobs') }}
),

-- DescribeLabelingJob returns every field, ListLabelingJobs only some, so each field is taken from the newest
-- description that has it.
ranked_descriptions as (
    select
        *,
        row_number() over (
            partition by job_name
            order by modified_at desc nulls last, load_id desc, file_no desc
        ) as newest_rank,
        row_number() over (
            partition by job_name, total_labeled_count is not null
            order by modified_at desc nulls last, load_id desc, file_no desc
        ) as newest_counters_rank
    from labeling_jobs
    where description_json is not null
),

newest_fields as (
    select
        job_name,
        min_by(task_type, newest_rank) filter (where task_type is not null) as task_type,
        min_by(job_status, newest_rank) filter (where job_status is not null) as status,
        min_by(workteam_name, newest_rank) filter (where workteam_name is not null) as workteam_name,
        min_by(workers_per_object, newest_rank) filter (where workers_per_object is not null) as workers_per_object,
        min_by(output_uri, newest_rank) filter (where output_uri is not null) as output_uri,
        min_by(task_price_usd, newest_rank) filter (where task_price_usd is not null) as task_price_usd,
        min_by(input_manifest_uri, newest_rank) filter (where input_manifest_uri is not null) as input_manifest_uri,
        -- Only DescribeLabelingJob says where the output goes. Without such a response, the newest of another kind.
        coalesce(
            min_by(description_json, newest_rank) filter (where output_uri is not null),
            min_by(description_json, newest_rank)
        ) as description_json,
        -- The functions of Ground Truth's adjustment tasks, which are its audits of sequences and point clouds too.
        bool_or(description_json like '%:PRE-Adjustment%') as is_adjustment
    from ranked_descriptions
    group by job_name
),

-- LabelCounters belong together, so all of them are taken from one description.
newest_counters as (
    select
        job_name,
        total_labeled_count,
        human_labeled_count,
        machine_labeled_count,
        failed_count,
        unlabeled_count
    from ranked_descriptions
    where
        total_labeled_count is not null
        and newest_counters_rank = 1
),

descriptions as (
    select
        newest_fields.job_name,
        newest_fields.task_type,
        newest_fields.status,
        newest_fields.workteam_name,
        newest_fields.workers_per_object,
        -- The output path of the job, and in it the job's folder.
        newest_fields.output_uri
        || case when newest_fields.output_uri like '%/' then '' else '/' end
        || newest_fields.job_name as output_uri,
        newest_fields.input_manifest_uri,
        newest_fields.task_price_usd,
        newest_fields.is_adjustment,
        newest_fields.description_json,
        newest_counters.total_labeled_count,
        newest_counters.human_labeled_count,
        newest_counters.machine_labeled_count,
        newest_counters.failed_count,
        newest_counters.unlabeled_count
    from newest_fields
    left join newest_counters on newest_fields.job_name = newest_counters.job_name
)

select * from descriptions
