with annotations as (
    select * from {{ ref('int_annotations') }}
    where
        not is_inherited
        and label is not null
),

label_categories as (
    select * from {{ ref('stg_ground_truth__label_categories') }}
    where label is not null
),

used_classes as (
    select
        job_name,
        label,
        cast(count(*) as bigint) as annotation_count,
        cast(count(distinct object_index) as bigint) as object_count
    from annotations
    group by job_name, label
),

-- A class of the label category config that nobody used has no labels.
classes as (
    select
        job_name,
        label
    from used_classes
    union distinct
    select
        job_name,
        label
    from label_categories
),

class_counts as (
    select
        classes.job_name,
        classes.label,
        coalesce(used_classes.annotation_count, 0) as annotation_count,
        coalesce(used_classes.object_count, 0) as object_count,
        cast(max(used_classes.annotation_count) over (partition by classes.job_name) as bigint)
            as largest_annotation_count
    from classes
    left join used_classes
        on classes.job_name = used_classes.job_name
        and classes.label = used_classes.label
)

select * from class_counts
