-- Each item of fct_label_reviews counts the votes that fct_review_votes has of it. Without it, a vote whose item is not
-- found by its key is missing from who voted what, and the totals look complete.
with reviews as (
    select
        item_key,
        coalesce(confirm_count, 0) as confirm_count,
        coalesce(disconfirm_count, 0) as disconfirm_count
    from {{ ref('fct_label_reviews') }}
),

votes as (
    select
        item_key,
        count(case when is_confirmed then 1 end) as confirm_count,
        count(case when not is_confirmed then 1 end) as disconfirm_count
    from {{ ref('fct_review_votes') }}
    group by item_key
)

select
    coalesce(reviews.item_key, votes.item_key) as item_key,
    reviews.confirm_count,
    reviews.disconfirm_count,
    votes.confirm_count as confirming_votes,
    votes.disconfirm_count as rejecting_votes
from reviews
full outer join votes on reviews.item_key = votes.item_key
where
    reviews.item_key is null
    or reviews.confirm_count <> coalesce(votes.confirm_count, 0)
    or reviews.disconfirm_count <> coalesce(votes.disconfirm_count, 0)
