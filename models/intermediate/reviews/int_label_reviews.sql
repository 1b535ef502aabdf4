with bulk_review_votes as (
    select * from {{ ref('int_bulk_review_votes') }}
),

verification_votes as (
    select * from {{ ref('int_verification_votes') }}
),

label_reviews as (
    select
        job_name,
        object_index,
        answer_no,
        item_number as vote_no,
        item_uri,
        label,
        confidence,
        worker_key,
        is_confirmed,
        false as is_consolidated
    from bulk_review_votes
    union all
    select
        job_name,
        object_index,
        answer_no,
        annotation_index as vote_no,
        item_uri,
        label,
        confidence,
        worker_key,
        is_confirmed,
        is_consolidated
    from verification_votes
)

select * from label_reviews
