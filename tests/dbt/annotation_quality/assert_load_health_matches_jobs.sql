-- rpt_load_health and dim_labeling_jobs have the same jobs, objects and answers, and every current file is counted.
-- Without it, a job whose only file is broken drops out of the report that should say so.
with health as (
    select * from {{ ref('rpt_load_health') }}
),

jobs as (
    select * from {{ ref('dim_labeling_jobs') }}
),

files as (
    select
        job_name,
        count(*) as file_count,
        count(case when status = 'rejected' then 1 end) as rejected_count
    from {{ ref('current_source_files') }}
    where
        status <> 'forgotten'
        and job_name is not null
    group by job_name
)

select
    health.file_count,
    health.rejected_count,
    health.object_count,
    health.answer_count,
    coalesce(health.job_name, jobs.job_name, files.job_name) as job_name
from health
full outer join jobs on health.job_name = jobs.job_name
full outer join files on coalesce(health.job_name, jobs.job_name) = files.job_name
where
    health.job_name is null
    or jobs.job_name is null
    -- If no object of a job was loaded, dim_labeling_jobs has the counts of its description.
    or (health.object_count > 0 and health.object_count <> jobs.object_count)
    or health.answer_count is distinct from jobs.answer_count
    or health.file_count is distinct from files.file_count
    or health.rejected_count is distinct from files.rejected_count
    or (health.rejected_count > 0) <> (health.last_error is not null)
