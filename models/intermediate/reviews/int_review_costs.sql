with object_reviews as (
    select * from {{ ref('int_object_reviews') }}
),

job_costs as (
    select * from {{ ref('int_labeling_job_costs') }}
),

reviewing_jobs as (
    select
        audited_job_name,
        job_name,
        count(case when review_no = 1 then 1 end) as first_review_count,
        count(*) as review_count
    from object_reviews
    group by audited_job_name, job_name
),

-- Of a job that also reviewed objects a second time, the part of the first reviews. An amount that leaves out some
-- reviewers would be none.
final as (
    select
        reviewing_jobs.audited_job_name,
        case
            when count(*) = count(job_costs.estimated_cost_usd)
                then sum(
                    job_costs.estimated_cost_usd * reviewing_jobs.first_review_count / reviewing_jobs.review_count
                )
        end as review_cost_usd
    from reviewing_jobs
    left join job_costs on reviewing_jobs.job_name = job_costs.job_name
    where reviewing_jobs.first_review_count > 0
    group by reviewing_jobs.audited_job_name
)

select * from final
