with object_reviews as (
    select * from {{ ref('int_object_reviews') }}
),

audited_objects as (
    select * from {{ ref('int_audited_objects') }}
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
        audited_objects.audited_job_name
        || '/' || cast(audited_objects.audited_object_index as varchar) as audited_object_key,
        cast(object_reviews.review_no as bigint) as review_no,
        object_reviews.is_accepted,
        object_reviews.sample_kind,
        object_reviews.is_targeted,
        cast(object_reviews.labeled_at as timestamp(3)) as reviewed_at,
        object_reviews.source_file_uri
    from object_reviews
    inner join labeling_jobs on object_reviews.job_name = labeling_jobs.job_name
    left join audited_objects
        on object_reviews.job_name = audited_objects.job_name
        and object_reviews.object_index = audited_objects.object_index
)

select * from final
