with workteam_members as (
    select * from {{ ref('int_workteam_members') }}
),

workteams as (
    select * from {{ ref('int_workteams') }}
),

teams_by_worker as (
    select
        workteam_members.worker_key,
        max(workteams.workforce) as workforce,
        {{ dbt.listagg('workteam_members.workteam_name', "', '", 'order by workteam_members.workteam_name') }}
            as workteam_names
    from workteam_members
    inner join workteams on workteam_members.workteam_name = workteams.workteam_name
    group by workteam_members.worker_key
)

select * from teams_by_worker
