with current_files as (
    select * from {{ ref('current_source_files') }}
),

files_of_jobs as (
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

job_files as (
    select
        job_name,
        -- The folder whose rows were loaded, if another folder of the same name was skipped.
        coalesce(max(case when load_id is not null then job_uri end), max(job_uri)) as output_uri,
        cast(count(*) as bigint) as file_count,
        cast(count(*) filter (where status = 'rejected') as bigint) as rejected_count,
        cast(count(*) filter (where status = 'skipped') as bigint) as skipped_count,
        coalesce(
            -- It is about a whole folder, and names it.
            max(case when status = 'skipped' and newest_rank = 1 then last_error end),
            max(case when status = 'rejected' and newest_rank = 1 then uri || ': ' || coalesce(last_error, '') end)
        ) as last_error,
        max(loaded_at) as last_loaded_at,
        max(modified_at) as newest_source_at
    from files_of_jobs
    group by job_name
)

select * from job_files
