-- Every line of an output manifest, and every label attribute on it, is in fct_object_labels. Without it, objects that
-- a join loses are missing from every rate's denominator, and the rates look better.
with lines as (
    select distinct
        job_name,
        object_index,
        label_attribute_name
    from {{ ref('stg_ground_truth__data_objects') }}
),

object_labels as (
    select
        job_name,
        object_index,
        label_attribute_name
    from {{ ref('fct_object_labels') }}
)

select lines.*
from lines
where
    not exists (
        select 1
        from object_labels
        where
            object_labels.job_name = lines.job_name
            and object_labels.object_index = lines.object_index
            and (
                object_labels.label_attribute_name = lines.label_attribute_name
                or lines.label_attribute_name is null
            )
    )
