with labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

object_labels as (
    select * from {{ ref('int_object_labels') }}
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

object_totals as (
    select
        job_name,
        cast(count(*) as bigint) as object_count,
        cast(count(*) filter (where label_status = 'labeled') as bigint) as labeled_count,
        cast(count(*) filter (where label_status = 'labeled' and is_human_annotated) as bigint) as human_labeled_count,
        cast(
            count(*) filter (where label_status = 'labeled' and not is_human_annotated) as bigint
        ) as machine_labeled_count,
        cast(count(*) filter (where label_status = 'failed') as bigint) as failed_count,
        cast(count(*) filter (where label_status = 'unlabeled') as bigint) as unlabeled_count,
        min(labeled_at) as first_labeled_at,
        max(labeled_at) as last_labeled_at
    from object_labels
    where not is_inherited
    group by job_name
),

answer_totals as (
    select
        job_name,
        cast(count(*) as bigint) as answer_count,
        cast(count(distinct worker_key) as bigint) as worker_count
    from worker_answers
    group by job_name
),

final as (
    select
        labeling_jobs.job_name,
        labeling_jobs.label_attribute_name,
        labeling_jobs.task_type,
        labeling_jobs.modality,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        labeling_jobs.status,
        labeling_jobs.workteam_name,
        cast(labeling_jobs.workers_per_object as bigint) as workers_per_object,
        -- If no object of the job was read, the counts of its description.
        coalesce(
            object_totals.object_count,
            coalesce(labeling_jobs.total_labeled_count, 0)
            + coalesce(labeling_jobs.failed_count, 0)
            + coalesce(labeling_jobs.unlabeled_count, 0)
        ) as object_count,
        coalesce(object_totals.labeled_count, labeling_jobs.total_labeled_count, 0) as labeled_count,
        coalesce(object_totals.human_labeled_count, labeling_jobs.human_labeled_count, 0) as human_labeled_count,
        coalesce(object_totals.machine_labeled_count, labeling_jobs.machine_labeled_count, 0) as machine_labeled_count,
        coalesce(object_totals.failed_count, labeling_jobs.failed_count, 0) as failed_count,
        coalesce(object_totals.unlabeled_count, labeling_jobs.unlabeled_count, 0) as unlabeled_count,
        coalesce(answer_totals.answer_count, 0) as answer_count,
        coalesce(answer_totals.worker_count, 0) as worker_count,
        cast(object_totals.first_labeled_at as timestamp(3)) as first_labeled_at,
        cast(object_totals.last_labeled_at as timestamp(3)) as last_labeled_at,
        labeling_jobs.output_uri,
        labeling_jobs.config_json,
        labeling_jobs.description_json
    from labeling_jobs
    left join object_totals on labeling_jobs.job_name = object_totals.job_name
    left join answer_totals on labeling_jobs.job_name = answer_totals.job_name
)

select * from final
