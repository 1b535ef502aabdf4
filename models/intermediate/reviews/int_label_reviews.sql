with bulk_review_votes as (
    select * from {{ ref('int_bulk_review_votes') }}
),

verification_votes as (
    select * from {{ ref('int_verification_votes') }}
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

review_items as (
    select * from {{ ref('int_review_items') }}
),

review_samples as (
    select * from {{ ref('int_review_samples') }}
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
        item_number,
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
        cast(null as integer) as item_number,
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
        votes.item_number,
        coalesce(review_items.sample_kind, review_samples.sample_kind) as sample_kind,
        votes.item_file_uri,
        worker_answers.source_file_uri as answer_file_uri
    from votes
    left join worker_answers
        on votes.job_name = worker_answers.job_name
        and votes.object_index = worker_answers.object_index
        and votes.answer_no = worker_answers.answer_no
    left join review_items
        on votes.job_name = review_items.job_name
        and votes.object_index = review_items.object_index
        and votes.item_number = review_items.item_number
    left join review_samples
        on votes.job_name = review_samples.job_name
        and votes.object_index = review_samples.object_index
)

select * from label_reviews
