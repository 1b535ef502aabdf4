-- Each object with two or more answers of one class has a consensus, and the probabilities of its classes add up to 1.
-- Without it, an object whose numbers collide with another's would share its answers, and nothing would look wrong.
with class_answers as (
    select * from {{ ref('int_class_answers') }}
),

classes as (
    select * from {{ ref('int_consensus_classes') }}
),

consensus as (
    select * from {{ ref('fct_object_consensus') }}
),

expected as (
    select
        job_name,
        object_index,
        count(*) as answer_count
    from class_answers
    group by job_name, object_index
    having count(*) >= 2
),

totals as (
    select
        job_name,
        object_index,
        sum(probability) as probability,
        sum(given_count) as given_count
    from classes
    group by job_name, object_index
)

select
    expected.job_name,
    expected.object_index,
    expected.answer_count,
    totals.given_count,
    totals.probability,
    consensus.consensus_label
from expected
full outer join totals
    on expected.job_name = totals.job_name
    and expected.object_index = totals.object_index
full outer join consensus
    on expected.job_name = consensus.job_name
    and expected.object_index = consensus.object_index
where
    expected.job_name is null
    or totals.job_name is null
    or consensus.job_name is null
    or totals.given_count <> expected.answer_count
    or consensus.answer_count <> expected.answer_count
    or abs(totals.probability - 1) > 1e-9
