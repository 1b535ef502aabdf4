{{ config(severity='warn') }}

-- Verification jobs in which no verdict confirms a label. Without it, a job whose confirming class is missing from the
-- var review_confirming_values looks as if every label were wrong.
with jobs as (
    select * from {{ ref('dim_labeling_jobs') }}
),

reviews as (
    select * from {{ ref('fct_label_reviews') }}
)

select reviews.job_name
from reviews
inner join jobs on reviews.job_name = jobs.job_name
where jobs.job_kind = 'verification'
group by reviews.job_name
having not bool_or(reviews.is_correct or coalesce(reviews.confirm_count, 0) > 0)
