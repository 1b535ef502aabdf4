-- A vote that no reviewer's counts have, or that they have twice, moves every share of rpt_reviewers, unnoticed.
with review_votes as (
    select * from {{ ref('fct_review_votes') }}
),

reviewers as (
    select * from {{ ref('rpt_reviewers') }}
),

votes_by_worker as (
    select
        job_name,
        worker_key,
        count(distinct item_key || '/' || object_key) as item_count
    from review_votes
    group by job_name, worker_key
)

select
    votes_by_worker.job_name,
    votes_by_worker.worker_key,
    votes_by_worker.item_count,
    reviewers.reviewed_count
from votes_by_worker
left join reviewers
    on votes_by_worker.job_name = reviewers.job_name
    and votes_by_worker.worker_key = reviewers.worker_key
where votes_by_worker.item_count is distinct from reviewers.reviewed_count
