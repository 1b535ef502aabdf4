with object_reviews as (
    select * from {{ ref('int_object_reviews') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

final as (
    select
        {{ object_key('object_reviews') }} as object_key,
        object_reviews.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        object_reviews.audited_job_name,
        object_reviews.object_index,
        object_reviews.item_number,
        object_reviews.audited_job_name
        || '/' || cast(object_reviews.audited_object_index as varchar) as audited_object_key,
        cast(object_reviews.review_no as bigint) as review_no,
        object_reviews.is_accepted,
        object_reviews.sample_kind,
        object_reviews.is_targeted,
        cast(object_reviews.labeled_at as timestamp(3)) as reviewed_at,
        object_reviews.source_file_uri
    from object_reviews
    inner join labeling_jobs on object_reviews.job_name = labeling_jobs.job_name
)

select * from final
