with workteams as (
    select * from {{ ref('int_workteams') }}
),

workteam_members as (
    select * from {{ ref('int_workteam_members') }}
),

member_counts as (
    select
        workteam_name,
        cast(count(*) as bigint) as member_count
    from workteam_members
    group by workteam_name
),

final as (
    select
        workteams.workteam_name,
        workteams.workteam_arn,
        coalesce(workteams.workforce, 'unknown') as workforce,
        workteams.identity_issuer,
        workteams.group_names,
        workteams.description,
        member_counts.member_count,
        workteams.created_at,
        workteams.modified_at,
        workteams.source_file_uri
    from workteams
    left join member_counts on workteams.workteam_name = member_counts.workteam_name
)

select * from final
