with annotations as (
    select * from {{ ref('int_annotations') }}
),

object_labels as (
    select * from {{ ref('int_object_labels') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

annotation_attributes as (
    select * from {{ ref('int_annotation_attributes') }}
),

object_reviews as (
    select * from {{ ref('int_object_reviews') }}
),

review_items as (
    select * from {{ ref('int_review_items') }}
),

-- What an auditor entered in an attribute of a label; NULL if nobody did.
attribute_outcomes as (
    select
        job_name,
        label,
        'attribute' as outcome_kind,
        attribute_value as outcome,
        cast(count(*) as bigint) as annotation_count,
        cast(count(distinct object_index) as bigint) as object_count
    from annotation_attributes
    where
        not is_inherited
        and attribute_value is not null
        and {{ is_named('attribute_name', list_var('audit_attributes')) }}
    group by
        job_name,
        label,
        attribute_value
),

-- Whether a worker changed an object's labels: its classes have the object's outcome. An object that has no labels left
-- keeps a row, without a label.
adjustment_outcomes as (
    select
        object_labels.job_name,
        annotations.label,
        'adjustment' as outcome_kind,
        object_labels.adjustment_status as outcome,
        cast(null as bigint) as annotation_count,
        cast(count(distinct object_labels.object_index) as bigint) as object_count
    from object_labels
    left join annotations
        on object_labels.job_name = annotations.job_name
        and object_labels.object_index = annotations.object_index
        and not annotations.is_inherited
    where
        object_labels.adjustment_status is not null
        and not object_labels.is_inherited
    group by
        object_labels.job_name,
        annotations.label,
        object_labels.adjustment_status
),

-- A verification's class judges all labels of an object at once.
verification_outcomes as (
    select
        object_labels.job_name,
        cast(null as varchar) as label,
        'verification' as outcome_kind,
        object_labels.label as outcome,
        cast(null as bigint) as annotation_count,
        cast(count(*) as bigint) as object_count
    from object_labels
    inner join labeling_jobs on object_labels.job_name = labeling_jobs.job_name
    where
        labeling_jobs.job_kind = 'verification'
        and object_labels.label_status = 'labeled'
        and not object_labels.is_inherited
    group by
        object_labels.job_name,
        object_labels.label
),

-- A bulk review judges an object's class. An item that names no object is a model's label: rpt_review_bands has those.
review_outcomes as (
    select
        object_reviews.job_name,
        review_items.label,
        'review' as outcome_kind,
        case when object_reviews.is_accepted then 'confirmed' else 'rejected' end as outcome,
        cast(null as bigint) as annotation_count,
        cast(count(*) as bigint) as object_count
    from object_reviews
    inner join review_items
        on object_reviews.job_name = review_items.job_name
        and object_reviews.object_index = review_items.object_index
        and object_reviews.item_number = review_items.item_number
    group by
        object_reviews.job_name,
        review_items.label,
        case when object_reviews.is_accepted then 'confirmed' else 'rejected' end
),

outcomes as (
    select * from attribute_outcomes
    union all
    select * from adjustment_outcomes
    union all
    select * from verification_outcomes
    union all
    select * from review_outcomes
),

judged as (
    select
        *,
        sum(annotation_count) over (partition by job_name, label, outcome_kind) as judged_annotation_count,
        -- Labels are judged one by one, so an object may have several outcomes, and no share of them.
        case
            when outcome_kind <> 'attribute'
                then sum(object_count) over (partition by job_name, label, outcome_kind)
        end as judged_object_count
    from outcomes
),

shares as (
    select
        *,
        {{ safe_divide('annotation_count', 'judged_annotation_count') }} as annotation_share,
        {{ safe_divide('object_count', 'judged_object_count') }} as object_share
    from judged
),

final as (
    select
        shares.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        shares.label,
        cast(shares.outcome_kind as varchar) as outcome_kind,
        shares.outcome,
        shares.annotation_count,
        cast(shares.judged_annotation_count as bigint) as judged_annotation_count,
        shares.annotation_share,
        {{ wilson_low('shares.annotation_share', 'shares.judged_annotation_count') }} as annotation_share_low,
        {{ wilson_high('shares.annotation_share', 'shares.judged_annotation_count') }} as annotation_share_high,
        shares.object_count,
        cast(shares.judged_object_count as bigint) as judged_object_count,
        shares.object_share,
        {{ wilson_low('shares.object_share', 'shares.judged_object_count') }} as object_share_low,
        {{ wilson_high('shares.object_share', 'shares.judged_object_count') }} as object_share_high
    from shares
    inner join labeling_jobs on shares.job_name = labeling_jobs.job_name
)

select * from final
