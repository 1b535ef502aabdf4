with label_reviews as (
    select * from {{ ref('int_label_reviews') }}
    where not is_consolidated
),

object_reviews as (
    select * from {{ ref('int_object_reviews') }}
),

audited_objects as (
    select * from {{ ref('int_audited_objects') }}
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

-- A verification's item is the object; a bulk review has several in a data object. One no of a worker is enough.
votes as (
    select
        label_reviews.job_name,
        label_reviews.object_index,
        label_reviews.item_uri,
        label_reviews.label,
        label_reviews.worker_key,
        case
            when min(audited_objects.worker_key) = max(audited_objects.worker_key) then max(audited_objects.worker_key)
        end as labeler_key,
        not bool_and(label_reviews.is_confirmed) as is_overturned
    from label_reviews
    left join audited_objects
        on label_reviews.job_name = audited_objects.job_name
        and label_reviews.object_index = audited_objects.object_index
        and coalesce(label_reviews.item_number, -1) = coalesce(audited_objects.item_number, -1)
    group by
        label_reviews.job_name,
        label_reviews.object_index,
        label_reviews.item_uri,
        label_reviews.label,
        label_reviews.worker_key
),

-- An adjustment's or audit's outcome is known of the object alone: it is the worker's if one worker answered.
single_reviewers as (
    select
        worker_answers.job_name,
        worker_answers.object_index,
        max(worker_answers.worker_key) as worker_key
    from worker_answers
    inner join labeling_jobs on worker_answers.job_name = labeling_jobs.job_name
    where labeling_jobs.job_kind in ('adjustment', 'audit')
    group by worker_answers.job_name, worker_answers.object_index
    having count(distinct worker_answers.worker_key) = 1
),

outcomes as (
    select
        object_reviews.job_name,
        object_reviews.object_index,
        cast(null as varchar) as item_uri,
        cast(null as varchar) as label,
        single_reviewers.worker_key,
        audited_objects.worker_key as labeler_key,
        not object_reviews.is_accepted as is_overturned
    from object_reviews
    inner join single_reviewers
        on object_reviews.job_name = single_reviewers.job_name
        and object_reviews.object_index = single_reviewers.object_index
    left join audited_objects
        on object_reviews.job_name = audited_objects.job_name
        and object_reviews.object_index = audited_objects.object_index
),

final as (
    select * from votes
    union all
    select * from outcomes
)

select * from final
