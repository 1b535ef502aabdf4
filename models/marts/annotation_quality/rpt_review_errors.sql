with label_reviews as (
    select * from {{ ref('fct_label_reviews') }}
    where not is_correct
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
    where audited_job_name is not null
),

object_labels as (
    select * from {{ ref('int_object_labels') }}
    where
        not is_inherited
        and label_status = 'labeled'
        and label is not null
        and source_uri is not null
),

-- Adjustments that go on from a review, or from the job that it reviewed.
chained_jobs as (
    select
        audited_job_name as review_job_name,
        job_name
    from labeling_jobs
    where job_kind = 'adjustment'
    union distinct
    select
        reviews.job_name as review_job_name,
        labeling_jobs.job_name
    from labeling_jobs as reviews
    inner join labeling_jobs on reviews.audited_job_name = labeling_jobs.audited_job_name
    where
        labeling_jobs.job_kind = 'adjustment'
        and reviews.job_name <> labeling_jobs.job_name
),

later_labels as (
    select
        label_reviews.item_key,
        object_labels.label,
        object_labels.job_name,
        row_number() over (
            partition by label_reviews.item_key
            order by
                object_labels.labeled_at desc nulls last,
                object_labels.job_name asc,
                object_labels.object_index asc
        ) as newest_rank
    from label_reviews
    inner join chained_jobs on label_reviews.job_name = chained_jobs.review_job_name
    inner join object_labels
        on chained_jobs.job_name = object_labels.job_name
        and label_reviews.item_uri = object_labels.source_uri
),

final as (
    select
        label_reviews.item_key,
        label_reviews.job_name,
        label_reviews.job_kind,
        label_reviews.audited_job_name,
        label_reviews.item_uri,
        label_reviews.label,
        label_reviews.confidence,
        label_reviews.confirm_count,
        label_reviews.disconfirm_count,
        label_reviews.is_split,
        later_labels.label as suggested_label,
        later_labels.job_name as suggesting_job_name,
        label_reviews.source_file_uri
    from label_reviews
    left join later_labels
        on label_reviews.item_key = later_labels.item_key
        and later_labels.newest_rank = 1
)

select * from final
