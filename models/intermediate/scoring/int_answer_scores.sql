with comparisons as (
    select * from {{ ref('int_answer_comparisons') }}
),

-- A comparison of two answers judges both; one with the golden or the consolidated set judges the answer alone.
judgements as (
    select
        job_name,
        object_index,
        right_set_no as set_no,
        left_set_kind as reference,
        score
    from comparisons
    where score is not null
    union all
    select
        job_name,
        object_index,
        left_set_no as set_no,
        'answer' as reference,
        score
    from comparisons
    where
        left_set_kind = 'answer'
        and score is not null
),

scores as (
    select
        job_name,
        object_index,
        set_no - 1 as answer_no,
        max(case when reference = 'golden' then score end) as golden_score,
        max(case when reference = 'consolidated' then score end) as consolidated_score,
        avg(case when reference = 'answer' then score end) as peer_score
    from judgements
    group by job_name, object_index, set_no
)

select * from scores
