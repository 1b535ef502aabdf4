with class_answers as (
    select * from {{ ref('int_class_answers') }}
),

-- How often the two workers of a pair gave these classes to the same object. The pair is in the order of the keys.
pair_classes as (
    select
        answers.job_name,
        answers.worker_key,
        other_answers.worker_key as other_worker_key,
        answers.label,
        other_answers.label as other_label,
        cast(count(*) as double) as object_count
    from class_answers as answers
    inner join class_answers as other_answers
        on answers.job_name = other_answers.job_name
        and answers.object_index = other_answers.object_index
        and answers.worker_key < other_answers.worker_key
    group by
        answers.job_name,
        answers.worker_key,
        other_answers.worker_key,
        answers.label,
        other_answers.label
),

-- Of each cell, how often either worker gave either of its classes.
shares as (
    select
        job_name,
        worker_key,
        other_worker_key,
        label,
        other_label,
        sum(object_count) over (partition by job_name, worker_key, other_worker_key) as total_count,
        object_count / sum(object_count) over (partition by job_name, worker_key, other_worker_key) as share,
        sum(object_count) over (partition by job_name, worker_key, other_worker_key, label)
        / sum(object_count) over (partition by job_name, worker_key, other_worker_key) as worker_share,
        sum(object_count) over (partition by job_name, worker_key, other_worker_key, other_label)
        / sum(object_count) over (partition by job_name, worker_key, other_worker_key) as other_worker_share
    from pair_classes
),

worker_shares as (
    select distinct
        job_name,
        worker_key,
        other_worker_key,
        label,
        worker_share
    from shares
),

other_worker_shares as (
    select distinct
        job_name,
        worker_key,
        other_worker_key,
        other_label as label,
        other_worker_share
    from shares
),

pair_class_shares as (
    select
        shares.job_name,
        shares.worker_key,
        shares.other_worker_key,
        shares.label,
        shares.other_label,
        shares.total_count,
        shares.share,
        shares.worker_share,
        shares.other_worker_share,
        -- Of the first worker the share of the second's class, and the other way round.
        coalesce(worker_shares.worker_share, 0) as worker_share_of_other_label,
        coalesce(other_worker_shares.other_worker_share, 0) as other_worker_share_of_label
    from shares
    left join worker_shares
        on shares.job_name = worker_shares.job_name
        and shares.worker_key = worker_shares.worker_key
        and shares.other_worker_key = worker_shares.other_worker_key
        and shares.other_label = worker_shares.label
    left join other_worker_shares
        on shares.job_name = other_worker_shares.job_name
        and shares.worker_key = other_worker_shares.worker_key
        and shares.other_worker_key = other_worker_shares.other_worker_key
        and shares.label = other_worker_shares.label
)

select * from pair_class_shares
