with golden_classes as (
    select * from {{ ref('int_golden_classes') }}
),

golden_objects as (
    select distinct
        job_name,
        object_index
    from {{ ref('int_golden_labels') }}
),

consolidated_classes as (
    select * from {{ ref('int_consolidated_classes') }}
),

-- Golden answers come first, also where they are no single class: then nothing is known of the object.
reference_classes as (
    select
        job_name,
        object_index,
        'golden' as reference,
        label
    from golden_classes
    union all
    select
        consolidated_classes.job_name,
        consolidated_classes.object_index,
        'consolidated' as reference,
        consolidated_classes.label
    from consolidated_classes
    left join golden_objects
        on consolidated_classes.job_name = golden_objects.job_name
        and consolidated_classes.object_index = golden_objects.object_index
    where golden_objects.job_name is null
)

select * from reference_classes
