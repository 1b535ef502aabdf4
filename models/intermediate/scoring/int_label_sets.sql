with golden_labels as (
    select * from {{ ref('int_golden_labels') }}
),

object_labels as (
    select * from {{ ref('int_object_labels') }}
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

members as (
    select * from {{ ref('int_label_set_members') }}
),

-- A set whose labels were not counted has a form that is not flattened: there is nothing to compare.
counted_sets as (
    select
        job_name,
        object_index,
        'golden' as set_kind,
        cast(null as integer) as answer_no,
        cast(null as varchar) as worker_key,
        count(shape) as label_count
    from golden_labels
    group by job_name, object_index
    union all
    select
        job_name,
        object_index,
        'consolidated' as set_kind,
        cast(null as integer) as answer_no,
        cast(null as varchar) as worker_key,
        label_count
    from object_labels
    where
        not is_inherited
        and label_status = 'labeled'
        and label_count is not null
        and not is_another_object
    union all
    select
        job_name,
        object_index,
        'answer' as set_kind,
        answer_no,
        worker_key,
        label_count
    from worker_answers
    where label_count is not null
),

keyed_sets as (
    select
        *,
        {{ label_set_key('set_kind', 'answer_no') }} as label_set_key
    from counted_sets
),

set_shapes as (
    select
        job_name,
        object_index,
        label_set_key,
        -- Labels whose overlaps were not measured cannot be compared: NULL.
        case
            when bool_or(shape in ('polygon', 'polyline', 'mask') and label_key is null) then null
            else count(*)
        end as member_count,
        case when min(shape) = max(shape) then min(shape) else 'mixed' end as shape
    from members
    group by job_name, object_index, label_set_key
),

job_shapes as (
    select
        job_name,
        case when min(shape) = max(shape) then min(shape) else 'mixed' end as shape
    from set_shapes
    group by job_name
),

-- An empty set takes the shape of its job. If that shape is not scored, two empty sets are no agreement either.
label_sets as (
    select
        keyed_sets.job_name,
        keyed_sets.object_index,
        keyed_sets.label_set_key,
        keyed_sets.set_kind,
        keyed_sets.answer_no,
        keyed_sets.worker_key,
        coalesce(set_shapes.shape, job_shapes.shape, 'class') as shape,
        -- Labels that were counted but are missing here cannot be compared: NULL. A class named twice is one member.
        case
            when keyed_sets.label_count = 0 then 0
            when
                set_shapes.shape = 'class' or set_shapes.member_count = keyed_sets.label_count
                then set_shapes.member_count
        end as member_count
    from keyed_sets
    left join set_shapes
        on keyed_sets.job_name = set_shapes.job_name
        and keyed_sets.object_index = set_shapes.object_index
        and keyed_sets.label_set_key = set_shapes.label_set_key
    left join job_shapes on keyed_sets.job_name = job_shapes.job_name
)

select * from label_sets
