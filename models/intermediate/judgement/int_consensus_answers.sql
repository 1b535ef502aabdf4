with rounds as (
    select * from {{ ref('int_consensus_rounds') }}
),

-- The likeliest class for all that the other workers know; of two that are as likely, the first in the alphabet.
ranked_classes as (
    select
        *,
        row_number() over (
            partition by job_name, object_index, worker_key
            order by round(peer_probability, 9) desc, label
        ) as peer_rank
    from rounds
),

answers as (
    select
        job_name,
        object_index,
        worker_key,
        given_label,
        max(case when peer_rank = 1 then label end) as peer_label,
        max(case when peer_rank = 1 then peer_probability end) as peer_label_probability,
        max(case when label = given_label then peer_probability end) as right_probability
    from ranked_classes
    group by
        job_name,
        object_index,
        worker_key,
        given_label
)

select * from answers
