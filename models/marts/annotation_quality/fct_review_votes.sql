with label_reviews as (
    select * from {{ ref('int_label_reviews') }}
    where not is_consolidated
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

final as (
    select
        {{ item_key('label_reviews') }} as item_key,
        {{ task_key('label_reviews') }} as task_key,
        {{ object_key('label_reviews') }} as object_key,
        label_reviews.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        label_reviews.object_index,
        label_reviews.vote_no,
        label_reviews.item_uri,
        label_reviews.label,
        label_reviews.confidence,
        label_reviews.worker_key,
        {{ worker_name('label_reviews.worker_key') }} as worker_name,
        label_reviews.submitted_at,
        cast(label_reviews.submitted_at as date) as submitted_date,
        label_reviews.is_confirmed,
        label_reviews.answer_file_uri as source_file_uri
    from label_reviews
    inner join labeling_jobs on label_reviews.job_name = labeling_jobs.job_name
)

select * from final
