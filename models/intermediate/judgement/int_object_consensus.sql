with classes as (
    select * from {{ ref('int_consensus_classes') }}
),

objects as (
    select * from {{ ref('int_object_labels') }}
    where not is_inherited
),

golden_classes as (
    select * from {{ ref('int_golden_classes') }}
),

-- Of two classes that are as likely, the first in the alphabet.
ranked_classes as (
    select
        *,
        row_number() over (
            partition by job_name, object_index
            order by round(probability, 9) desc, label asc
        ) as class_rank,
        max(given_count) over (partition by job_name, object_index) as greatest_given_count
    from classes
),

consensus as (
    select
        job_name,
        object_index,
        max(answer_count) as answer_count,
        bool_and(has_all_classes) as has_all_classes,
        max(case when class_rank = 1 then label end) as consensus_label,
        max(case when class_rank = 1 then probability end) as consensus_probability,
        -- If two classes have the most answers, none has the majority.
        case
            when count(case when given_count = greatest_given_count then 1 end) = 1
                then max(case when given_count = greatest_given_count then label end)
        end as majority_label,
        -sum(
            case
                when given_count > 0
                    then
                        {{ safe_divide('given_count', 'answer_count') }}
                        * ln({{ safe_divide('given_count', 'answer_count') }})
                else 0
            end
        ) as label_entropy
    from ranked_classes
    group by job_name, object_index
),

objects_with_consensus as (
    select
        consensus.job_name,
        consensus.object_index,
        objects.label as service_label,
        consensus.consensus_label,
        round(consensus.consensus_probability, 9) as consensus_probability,
        -- A class that nobody gave may be no candidate.
        case
            when objects.label is not null then round(coalesce(service_classes.probability, 0), 9)
        end as service_probability,
        consensus.majority_label,
        -- Adding 0 makes no -0 of an object whose answers all agree.
        round(consensus.label_entropy, 9) + 0 as label_entropy,
        consensus.answer_count,
        consensus.consensus_label = objects.label as is_agreeing,
        golden_classes.label as golden_label,
        consensus.has_all_classes
    from consensus
    inner join objects
        on consensus.job_name = objects.job_name
        and consensus.object_index = objects.object_index
    left join classes as service_classes
        on consensus.job_name = service_classes.job_name
        and consensus.object_index = service_classes.object_index
        and objects.label = service_classes.label
    left join golden_classes
        on consensus.job_name = golden_classes.job_name
        and consensus.object_index = golden_classes.object_index
)

select * from objects_with_consensus
