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

-- Whether a worker changed an object's labels. An object that has no labels left keeps a row, without a label.
adjustment_outcomes as (
    select
        object_labels.job_name,
        annotations.label,
        'adjustment' as outcome_kind,
        object_labels.adjustment_status as outcome,
        cast(count(annotations.annotation_index) as bigint) as annotation_count,
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

outcomes as (
    select * from attribute_outcomes
    union all
    select * from adjustment_outcomes
    union all
    select * from verification_outcomes
),

-- The share is of what was judged: labels by an attribute, objects by an adjustment or a verification.
counted_outcomes as (
    select
        *,
        case when outcome_kind = 'attribute' then annotation_count else object_count end as judged_count
    from outcomes
),

final as (
    select
        job_name,
        label,
        cast(outcome_kind as varchar) as outcome_kind,
        outcome,
        annotation_count,
        object_count,
        {{ safe_divide(
            'judged_count', 'sum(judged_count) over (partition by job_name, label, outcome_kind)'
        ) }} as outcome_share
    from counted_outcomes
)

select * from final
