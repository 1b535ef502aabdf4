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

-- Sets whose labels nobody counted are of a form that is not flattened: there is nothing to compare.
stated as (
    select
        job_name,
        object_index,
        0 as set_no,
        'golden' as set_kind,
        cast(null as varchar) as worker_key,
        count(shape) as label_count
    from golden_labels
    group by job_name, object_index
    union all
    select
        job_name,
        object_index,
        1 as set_no,
        'consolidated' as set_kind,
        cast(null as varchar) as worker_key,
        label_count
    from object_labels
    where
        not is_inherited
        and label_status = 'labeled'
        and label_count is not null
    union all
    select
        job_name,
        object_index,
        answer_no + 1 as set_no,
        'answer' as set_kind,
        worker_key,
        label_count
    from worker_answers
    where label_count is not null
),

counted as (
    select
        job_name,
        object_index,
        set_no,
        count(*) as member_count,
        case when min(shape) = max(shape) then min(shape) else 'mixed' end as shape
    from members
    group by job_name, object_index, set_no
),

job_shapes as (
    select
        job_name,
        case when min(shape) = max(shape) then min(shape) else 'mixed' end as shape
    from counted
    group by job_name
),

-- An empty set is one of its job's shape: where that is not scored, two empty sets are no agreement either.
label_sets as (
    select
        stated.job_name,
        stated.object_index,
        stated.set_no,
        stated.set_kind,
        stated.worker_key,
        coalesce(counted.shape, job_shapes.shape, 'class') as shape,
        -- Labels that were counted and are not here cannot be compared: NULL. A class named twice is one member.
        case
            when stated.label_count = 0 then 0
            when counted.shape = 'class' or counted.member_count = stated.label_count then counted.member_count
        end as member_count
    from stated
    left join counted
        on stated.job_name = counted.job_name
        and stated.object_index = counted.object_index
        and stated.set_no = counted.set_no
    left join job_shapes on stated.job_name = job_shapes.job_name
)

select * from label_sets
