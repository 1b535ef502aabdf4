-- The objects that the checks of a data set find failed or unlabeled are those that dim_labeling_jobs counts, of jobs
-- whose objects were read. Without it, a check may look at fewer objects than there are.
with checks as (
    select
        job_name,
        sum(case when check_name = 'failed objects' then found_count end) as failed_count,
        sum(case when check_name = 'unlabeled objects' then found_count end) as unlabeled_count,
        sum(case when check_name = 'failed objects' then checked_count end) as object_count
    from {{ ref('rpt_dataset_health') }}
    group by job_name
),

jobs as (
    select * from {{ ref('dim_labeling_jobs') }}
    where job_name in (select object_labels.job_name from {{ ref('fct_object_labels') }} as object_labels)
)

select
    jobs.job_name,
    jobs.object_count,
    checks.object_count as checked_object_count
from jobs
inner join checks on jobs.job_name = checks.job_name
where
    jobs.failed_count <> checks.failed_count
    or jobs.unlabeled_count <> checks.unlabeled_count
    or jobs.object_count <> checks.object_count
