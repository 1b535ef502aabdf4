with worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

directory as (
    select * from {{ ref('stg_ground_truth__workers') }}
),

workteam_members as (
    select * from {{ ref('stg_ground_truth__workteam_members') }}
),

-- A key stands for one identity, or for one worker_id where answers carry no identity, so max picks among equals.
answering as (
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

listed as (
    select
        worker_key,
        max(identity_issuer) as identity_issuer,
        max(identity_sub) as identity_sub,
        max(username) as username,
        max(email) as email,
        bool_or(is_enabled) as is_enabled
    from directory
    group by worker_key
),

workteams as (
    select
        workteam_name,
        max(workforce) as workforce
    from {{ ref('stg_ground_truth__workteams') }}
    group by workteam_name
),

memberships as (
    select distinct
        workteam_members.worker_key,
        workteam_members.workteam_name,
        workteams.workforce
    from workteam_members
    left join workteams on workteam_members.workteam_name = workteams.workteam_name
),

teams as (
    select
        worker_key,
        max(workforce) as workforce,
        {{ dbt.listagg('workteam_name', "', '", 'order by workteam_name') }} as workteam_names
    from memberships
    group by worker_key
),

worker_keys as (
    select worker_key from answering
    union distinct
    select worker_key from listed
    union distinct
    select worker_key from teams
),

workers as (
    select
        worker_keys.worker_key,
        answering.worker_id,
        {{ worker_name('worker_keys.worker_key', 'listed.username', 'listed.email') }} as worker_name,
        -- Only private workers have a user pool.
        coalesce(
            nullif(answering.workforce, 'unknown'),
            nullif(teams.workforce, 'unknown'),
            case when listed.worker_key is not null then 'private' end,
            'unknown'
        ) as workforce,
        answering.identity_provider,
        coalesce(answering.identity_issuer, listed.identity_issuer) as identity_issuer,
        coalesce(answering.identity_sub, listed.identity_sub) as identity_sub,
        listed.username,
        listed.email,
        teams.workteam_names,
        listed.is_enabled,
        answering.first_submitted_at,
        answering.last_submitted_at
    from worker_keys
    left join answering on worker_keys.worker_key = answering.worker_key
    left join listed on worker_keys.worker_key = listed.worker_key
    left join teams on worker_keys.worker_key = teams.worker_key
)

select * from workers
