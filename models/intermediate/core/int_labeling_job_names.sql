with job_files as (
    select * from {{ ref('int_labeling_job_files') }}
),

job_names as (
    select
        lower(job_name) as lower_job_name,
        max(job_name) as job_name
    from job_files
    group by lower(job_name)
    having count(*) = 1
)

select * from job_names
