with candidates as (
    select * from {{ ref('int_consensus_candidates') }}
),

{{ dawid_skene_rounds('candidates') }},

-- What the other workers know of the object: the evidence without that of the worker's answer.
peers as (
    select
        *,
        evidence - answer_evidence
        - max(evidence - answer_evidence) over (partition by object_no, worker_no) as peer_evidence
    from rounds_{{ var('consensus_rounds') }}
),

probabilities as (
    select
        *,
        exp(peer_evidence) / sum(exp(peer_evidence)) over (partition by object_no, worker_no) as peer_probability
    from peers
),

final as (
    select
        candidates.job_name,
        candidates.object_index,
        candidates.worker_key,
        candidates.label,
        candidates.given_label,
        candidates.has_all_classes,
        cast(candidates.answer_count as bigint) as answer_count,
        probabilities.probability,
        probabilities.peer_probability,
        probabilities.class_evidence,
        probabilities.answer_evidence,
        probabilities.object_evidence,
        probabilities.previous_class_evidence,
        probabilities.previous_answer_evidence,
        probabilities.previous_object_evidence
    from candidates
    inner join probabilities
        on candidates.object_no = probabilities.object_no
        and candidates.worker_no = probabilities.worker_no
        and candidates.class_no = probabilities.class_no
)

select * from final
