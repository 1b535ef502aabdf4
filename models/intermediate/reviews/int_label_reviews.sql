with bulk_review_votes as (
    select * from {{ ref('int_bulk_review_votes') }}
),

verification_votes as (
    select * from {{ ref('int_verification_votes') }}
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

votes as (
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
        false as is_consolidated,
        item_file_uri
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
        is_consolidated,
        item_file_uri
    from verification_votes
),

label_reviews as (
    select
        votes.job_name,
        votes.object_index,
        votes.answer_no,
        votes.vote_no,
        votes.item_uri,
        votes.label,
        votes.confidence,
        votes.worker_key,
        worker_answers.submitted_at,
        votes.is_confirmed,
        votes.is_consolidated,
        votes.item_file_uri,
        worker_answers.source_file_uri as answer_file_uri
    from votes
    left join worker_answers
        on votes.job_name = worker_answers.job_name
        and votes.object_index = worker_answers.object_index
        and votes.answer_no = worker_answers.answer_no
)

select * from label_reviews
