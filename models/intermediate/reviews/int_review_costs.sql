with object_reviews as (
    select * from {{ ref('int_object_reviews') }}
),

bulk_review_votes as (
    select * from {{ ref('int_bulk_review_votes') }}
),

job_costs as (
    select * from {{ ref('int_labeling_job_costs') }}
),

jobs_with_items as (
    select distinct job_name
    from object_reviews
    where item_number is not null
),

-- A bulk review may also have items that are of another job, or of none.
reviews as (
    select
        job_name,
        object_index,
        item_number
    from object_reviews
    union distinct
    select
        bulk_review_votes.job_name,
        bulk_review_votes.object_index,
        bulk_review_votes.item_number
    from bulk_review_votes
    inner join jobs_with_items on bulk_review_votes.job_name = jobs_with_items.job_name
),

review_counts as (
    select
        job_name,
        count(*) as review_count
    from reviews
    group by job_name
),

first_reviews as (
    select
        audited_job_name,
        job_name,
        count(case when review_no = 1 then 1 end) as first_review_count
    from object_reviews
    group by audited_job_name, job_name
),

reviewing_jobs as (
    select
        first_reviews.audited_job_name,
        first_reviews.job_name,
        first_reviews.first_review_count,
        review_counts.review_count
    from first_reviews
    inner join review_counts on first_reviews.job_name = review_counts.job_name
),

-- Of a job that reviewed other objects too, or objects a second time, the part of the first reviews. An amount that
-- leaves out some reviewers would be none.
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
