with golden_labels as (
    select * from {{ ref('int_golden_labels') }}
),

-- Golden answers of several classes are none to compare one class with.
golden_classes as (
    select
        job_name,
        object_index,
        max(label) as label
    from golden_labels
    where
        shape = 'class'
        and label is not null
    group by job_name, object_index
    having count(*) = 1
)

select * from golden_classes
