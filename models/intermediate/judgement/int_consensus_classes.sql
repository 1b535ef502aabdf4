with rounds as (
    select * from {{ ref('int_consensus_rounds') }}
),

-- Every answer to the object has the same probability of the class.
classes as (
    select
        job_name,
        object_index,
        label,
        max(answer_count) as answer_count,
        bool_and(has_all_classes) as has_all_classes,
        cast(count(case when given_label = label then 1 end) as bigint) as given_count,
        max(probability) as probability
    from rounds
    group by
        job_name,
        object_index,
        label
)

select * from classes
