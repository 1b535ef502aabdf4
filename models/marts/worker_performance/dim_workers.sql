with worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

directory as (
    select * from {{ ref('int_worker_directory') }}
),

teams as (
    select * from {{ ref('int_worker_teams') }}
),

worker_activity as (
    select * from {{ ref('int_worker_activity') }}
),

-- A worker_key is one identity, or one worker_id if the answers have no identity, so max picks among equal values.
answering_workers as (
    select
        worker_key,
        max(worker_id) as worker_id,
        max(workforce) as workforce,
        max(identity_provider) as identity_provider,
        max(identity_issuer) as identity_issuer,
        max(identity_sub) as identity_sub,
        min(submitted_at) as first_submitted_at,
        max(submitted_at) as last_submitted_at
    from worker_answers
    group by worker_key
),

worker_keys as (
    select worker_key from answering_workers
    union distinct
    select worker_key from directory
    union distinct
    select worker_key from teams
    union distinct
    select worker_key from worker_activity
),

workers as (
    select
        worker_keys.worker_key,
        answering_workers.worker_id,
        {{ worker_name('worker_keys.worker_key') }} as worker_name,
        -- Only private workers are in a user pool.
        coalesce(
            nullif(answering_workers.workforce, 'unknown'),
            nullif(teams.workforce, 'unknown'),
            case when directory.worker_key is not null then 'private' end,
            'unknown'
        ) as workforce,
        answering_workers.identity_provider,
        coalesce(answering_workers.identity_issuer, directory.identity_issuer) as identity_issuer,
        coalesce(answering_workers.identity_sub, directory.identity_sub) as identity_sub,
        directory.username,
        directory.email,
        teams.workteam_names,
        directory.is_enabled,
        answering_workers.first_submitted_at,
        answering_workers.last_submitted_at
    from worker_keys
    left join answering_workers on worker_keys.worker_key = answering_workers.worker_key
    left join directory on worker_keys.worker_key = directory.worker_key
    left join teams on worker_keys.worker_key = teams.worker_key
)

select * from workers
