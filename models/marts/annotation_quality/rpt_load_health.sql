with current_files as (
    select * from {{ ref('current_source_files') }}
),

object_labels as (
    select * from {{ ref('int_object_labels') }}
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

ranked_files as (
    select
        *,
        row_number() over (
            partition by job_name, status
            order by loaded_at desc nulls last, uri asc
        ) as newest_rank
    from current_files
    where
        job_name is not null
        and status <> 'forgotten'
),

files as (
    select
        job_name,
        cast(count(*) as bigint) as file_count,
        cast(count(*) filter (where status = 'rejected') as bigint) as rejected_count,
        cast(count(*) filter (where status = 'skipped') as bigint) as skipped_count,
        max(loaded_at) as last_loaded_at,
        max(case when status = 'rejected' and newest_rank = 1 then uri || ': ' || coalesce(last_error, '') end)
            as last_error,
        max(modified_at) as newest_source_at
    from ranked_files
    group by job_name
),

answered_objects as (
    select
        job_name,
        object_index,
        count(*) as answer_count
    from worker_answers
    group by job_name, object_index
),

objects as (
    select
        object_labels.job_name,
        cast(count(*) as bigint) as object_count,
        cast(sum(coalesce(answered_objects.answer_count, 0)) as bigint) as answer_count,
        cast(
            count(*) filter (
                where object_labels.is_in_manifest
                and object_labels.label_status = 'labeled'
                and object_labels.is_human_annotated
                and answered_objects.answer_count is null
            ) as bigint
        ) as answerless_object_count
    from object_labels
    left join answered_objects
        on object_labels.job_name = answered_objects.job_name
        and object_labels.object_index = answered_objects.object_index
    where not object_labels.is_inherited
    group by object_labels.job_name
),

final as (
    select
        files.job_name,
        cast(files.last_loaded_at as timestamp(3)) as last_loaded_at,
        files.file_count,
        files.rejected_count,
        files.skipped_count,
        files.last_error,
        cast(files.newest_source_at as timestamp(3)) as newest_source_at,
        coalesce(objects.object_count, 0) as object_count,
        coalesce(objects.answer_count, 0) as answer_count,
        coalesce(objects.answerless_object_count, 0) as answerless_object_count
    from files
    left join objects on files.job_name = objects.job_name
)

select * from final
