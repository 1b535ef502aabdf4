with workteam_members as (
    select * from {{ ref('stg_ground_truth__workteam_members') }}
),

workteams as (
    select * from {{ ref('stg_ground_truth__workteams') }}
),

workforces_by_team as (
    select
        workteam_name,
        max(workforce) as workforce
    from workteams
    group by workteam_name
),

memberships as (
    select distinct
        workteam_members.worker_key,
        workteam_members.workteam_name,
        workforces_by_team.workforce
    from workteam_members
    left join workforces_by_team on workteam_members.workteam_name = workforces_by_team.workteam_name
),

teams_by_worker as (
    select
        worker_key,
        max(workforce) as workforce,
        {{ dbt.listagg('workteam_name', "', '", 'order by workteam_name') }} as workteam_names
    from memberships
    group by worker_key
)

select * from teams_by_worker
