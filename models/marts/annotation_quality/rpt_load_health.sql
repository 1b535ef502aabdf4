with job_files as (
    select * from {{ ref('int_labeling_job_files') }}
),

object_labels as (
    select * from {{ ref('int_object_labels') }}
),

object_answers as (
    select * from {{ ref('int_object_answers') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

set_aside_counts as (
    select
        job_name,
        cast(count(*) as bigint) as set_aside_count
    from {{ ref('rpt_set_aside') }}
    group by job_name
),

objects_by_job as (
    select
        object_labels.job_name,
        cast(count(*) as bigint) as object_count,
        cast(sum(coalesce(object_answers.answer_count, 0)) as bigint) as answer_count,
        cast(
            count(*) filter (
                where object_labels.is_in_manifest
                and object_labels.label_status = 'labeled'
                and object_labels.is_human_annotated
                and object_answers.answer_count is null
            ) as bigint
        ) as answerless_object_count
    from object_labels
    left join object_answers
        on object_labels.job_name = object_answers.job_name
        and object_labels.object_index = object_answers.object_index
    where not object_labels.is_inherited
    group by object_labels.job_name
),

final as (
    select
        job_files.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        cast(job_files.last_loaded_at as timestamp(3)) as last_loaded_at,
        job_files.file_count,
        job_files.rejected_count,
        job_files.skipped_count,
        job_files.last_error,
        cast(job_files.newest_source_at as timestamp(3)) as newest_source_at,
        coalesce(objects_by_job.object_count, 0) as object_count,
        coalesce(objects_by_job.answer_count, 0) as answer_count,
        coalesce(objects_by_job.answerless_object_count, 0) as answerless_object_count,
        coalesce(set_aside_counts.set_aside_count, 0) as set_aside_count
    from job_files
    left join labeling_jobs on job_files.job_name = labeling_jobs.job_name
    left join objects_by_job on job_files.job_name = objects_by_job.job_name
    left join set_aside_counts on job_files.job_name = set_aside_counts.job_name
)

select * from final
