with job_files as (
    select * from {{ ref('int_labeling_job_files') }}
),

object_labels as (
    select * from {{ ref('int_object_labels') }}
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

answers_by_object as (
    select
        job_name,
        object_index,
        count(*) as answer_count
    from worker_answers
    group by job_name, object_index
),

objects_by_job as (
    select
        object_labels.job_name,
        cast(count(*) as bigint) as object_count,
        cast(sum(coalesce(answers_by_object.answer_count, 0)) as bigint) as answer_count,
        cast(
            count(*) filter (
                where object_labels.is_in_manifest
                and object_labels.label_status = 'labeled'
                and object_labels.is_human_annotated
                and answers_by_object.answer_count is null
            ) as bigint
        ) as answerless_object_count
    from object_labels
    left join answers_by_object
        on object_labels.job_name = answers_by_object.job_name
        and object_labels.object_index = answers_by_object.object_index
    where not object_labels.is_inherited
    group by object_labels.job_name
),

final as (
    select
        job_files.job_name,
        cast(job_files.last_loaded_at as timestamp(3)) as last_loaded_at,
        job_files.file_count,
        job_files.rejected_count,
        job_files.skipped_count,
        job_files.last_error,
        cast(job_files.newest_source_at as timestamp(3)) as newest_source_at,
        coalesce(objects_by_job.object_count, 0) as object_count,
        coalesce(objects_by_job.answer_count, 0) as answer_count,
        coalesce(objects_by_job.answerless_object_count, 0) as answerless_object_count
    from job_files
    left join objects_by_job on job_files.job_name = objects_by_job.job_name
)

select * from final
