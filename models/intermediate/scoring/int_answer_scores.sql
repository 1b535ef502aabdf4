with comparisons as (
    select * from {{ ref('int_answer_comparisons') }}
),

-- A comparison of two answers judges both; one with the golden or the consolidated set judges the answer only.
judgements as (
    select
        job_name,
        object_index,
        answer_no,
        reference_kind,
        score
    from comparisons
    where score is not null
    union all
    select
        job_name,
        object_index,
        reference_answer_no as answer_no,
        'answer' as reference_kind,
        score
    from comparisons
    where
        reference_kind = 'answer'
        and score is not null
),

scores as (
    select
        job_name,
        object_index,
        answer_no,
        max(case when reference_kind = 'golden' then score end) as golden_score,
        max(case when reference_kind = 'consolidated' then score end) as consolidated_score,
        avg(case when reference_kind = 'answer' then score end) as peer_score
    from judgements
    group by job_name, object_index, answer_no
)

select * from scores
