-- Each score of a worker is on one day of one chart. Without it, answers would be missing from a chart, and a fall too.
with control as (
    select * from {{ ref('rpt_worker_control') }}
),

tasks as (
    select * from {{ ref('fct_worker_tasks') }}
    where submitted_at is not null
),

charted as (
    select
        job_name,
        worker_key,
        cast(sum(case when reference = 'golden' then score_count else 0 end) as bigint) as golden_count,
        cast(sum(case when reference = 'consolidated' then score_count else 0 end) as bigint) as consolidated_count,
        cast(sum(case when reference = 'peers' then score_count else 0 end) as bigint) as peer_count
    from control
    group by job_name, worker_key
),

scored as (
    select
        job_name,
        worker_key,
        count(golden_score) as golden_count,
        count(consolidated_score) as consolidated_count,
        count(peer_score) as peer_count
    from tasks
    group by job_name, worker_key
    having
        count(golden_score) + count(consolidated_score) + count(peer_score) > 0
)

select
    scored.job_name,
    scored.worker_key
from scored
full outer join charted
    on scored.job_name = charted.job_name
    and scored.worker_key = charted.worker_key
where
    scored.golden_count is distinct from charted.golden_count
    or scored.consolidated_count is distinct from charted.consolidated_count
    or scored.peer_count is distinct from charted.peer_count
