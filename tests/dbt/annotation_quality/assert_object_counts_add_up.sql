-- Every object of a job is labeled, failed or unlabeled, and the job's totals are those of fct_object_labels, if any
-- object of it was loaded. Without it, an object in no group, or in two, makes a job look further along, or less far,
-- than it is.
with jobs as (
    select * from {{ ref('dim_labeling_jobs') }}
),

objects as (
    select
        job_name,
        count(*) as object_count,
        count(failure_reason) as failed_count,
        count(case when label_status = 'labeled' then 1 end) as labeled_count,
        count(case when label_status = 'failed' then 1 end) as failed_status_count,
        count(distinct object_index) as distinct_count
    from {{ ref('fct_object_labels') }}
    where not is_inherited
    group by job_name
)

select
    jobs.job_name,
    jobs.object_count,
    objects.object_count as fact_count
from jobs
left join objects on jobs.job_name = objects.job_name
where
    jobs.labeled_count + jobs.failed_count + jobs.unlabeled_count <> jobs.object_count
    or jobs.human_labeled_count + jobs.machine_labeled_count > jobs.labeled_count
    or jobs.object_count <> objects.object_count
    or jobs.object_count <> objects.distinct_count
    or jobs.failed_count <> objects.failed_count
    or jobs.failed_count <> objects.failed_status_count
    or jobs.labeled_count <> objects.labeled_count
