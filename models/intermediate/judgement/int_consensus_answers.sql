with rounds as (
    select * from {{ ref('int_consensus_rounds') }}
),

answers as (
    select
        job_name,
        object_index,
        worker_key,
        given_label,
        peer_probability as right_probability
    from rounds
    where label = given_label
)

select * from answers
