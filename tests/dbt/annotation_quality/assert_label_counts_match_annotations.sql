-- An object's label_count, which the loader reads from the manifest or the frames, is the number of its labels, if it
-- has any. Without it, nobody notices objects that lose labels on the way: each count looks right by itself.
with object_labels as (
    select * from {{ ref('fct_object_labels') }}
),

labels as (
    select
        job_name,
        object_index,
        label_attribute_name,
        count(*) as annotation_count
    from {{ ref('fct_annotations') }}
    group by job_name, object_index, label_attribute_name
)

select
    object_labels.job_name,
    object_labels.object_index,
    object_labels.label_attribute_name,
    object_labels.label_count,
    labels.annotation_count
from object_labels
left join labels
    on object_labels.job_name = labels.job_name
    and object_labels.object_index = labels.object_index
    and coalesce(object_labels.label_attribute_name, '') = coalesce(labels.label_attribute_name, '')
where
    coalesce(object_labels.label_count, 0) <> coalesce(labels.annotation_count, 0)
