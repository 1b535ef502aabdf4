-- Every label belongs to a row of fct_object_labels with the same label attribute and day. Without it, a label whose
-- object is not found has no date and no task type, and drops out of everything that filters by them.
with annotations as (
    select * from {{ ref('fct_annotations') }}
),

object_labels as (
    select * from {{ ref('fct_object_labels') }}
)

select
    annotations.job_name,
    annotations.label_attribute_name,
    annotations.object_index,
    annotations.frame_index,
    annotations.annotation_index
from annotations
left join object_labels
    on annotations.job_name = object_labels.job_name
    and annotations.object_index = object_labels.object_index
    and coalesce(annotations.label_attribute_name, '') = coalesce(object_labels.label_attribute_name, '')
where
    object_labels.job_name is null
    or annotations.is_inherited <> object_labels.is_inherited
    or annotations.labeled_at is distinct from object_labels.labeled_at
