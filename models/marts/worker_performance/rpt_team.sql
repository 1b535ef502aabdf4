with tasks as (
    select * from {{ ref('fct_worker_tasks') }}
),

-- Each task is counted twice: under its modality, and in the rows of the whole team.
team_tasks as (
    select
        *,
        coalesce(modality, 'other') as team_modality
    from tasks
    union all
    select
        *,
        'all' as team_modality
    from tasks
),

ranked_tasks as (
    {{ rank_tasks('team_tasks', ['team_modality', 'job_kind']) }}
),

measures as (
    select
        team_modality as modality,
        job_kind,
        count(distinct worker_key) as worker_count,
        {{ worker_measures() }}
    from ranked_tasks
    group by team_modality, job_kind
)

select * from measures
