-- Every line of an output manifest, and every label attribute on it, is in fct_object_labels. Without it, objects that
-- a join loses are missing from the denominator of every rate, and the rates look better.
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
left join object_labels
    on lines.job_name = object_labels.job_name
    and lines.object_index = object_labels.object_index
    -- A line without any label attribute has a row for the job's own.
    and coalesce(lines.label_attribute_name = object_labels.label_attribute_name, true)
where object_labels.job_name is null
