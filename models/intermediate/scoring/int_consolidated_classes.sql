with object_labels as (
    select * from {{ ref('int_object_labels') }}
    where
        not is_inherited
        and label_status = 'labeled'
        and label is not null
),

object_answers as (
    select * from {{ ref('int_object_answers') }}
    where worker_count >= 2
),

-- The label that one worker's answer alone became is no reference for it.
consolidated_classes as (
    select
        object_labels.job_name,
        object_labels.object_index,
        object_labels.label
    from object_labels
    inner join object_answers
        on object_labels.job_name = object_answers.job_name
        and object_labels.object_index = object_answers.object_index
)

select * from consolidated_classes
