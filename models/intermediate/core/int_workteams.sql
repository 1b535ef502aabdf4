with workteams as (
    select * from {{ ref('stg_ground_truth__workteams') }}
),

workteam_members as (
    select * from {{ ref('int_workteam_members') }}
),

descriptions as (
    select * from {{ ref('int_labeling_job_descriptions') }}
),

ranked_workteams as (
    select
        *,
        row_number() over (
            partition by workteam_name
            order by modified_at desc nulls last, load_id desc, file_no desc
        ) as newest_rank
    from workteams
),

names as (
    select workteam_name from workteams
    union distinct
    select workteam_name from workteam_members
    union distinct
    select workteam_name from descriptions
    where workteam_name is not null
),

teams as (
    select
        names.workteam_name,
        ranked_workteams.workteam_arn,
        ranked_workteams.workforce,
        ranked_workteams.identity_issuer,
        ranked_workteams.group_names,
        ranked_workteams.description,
        cast(ranked_workteams.created_at as timestamp(3)) as created_at,
        cast(ranked_workteams.modified_at as timestamp(3)) as modified_at,
        ranked_workteams.source_file_uri
    from names
    left join ranked_workteams
        on names.workteam_name = ranked_workteams.workteam_name
        and ranked_workteams.newest_rank = 1
)

select * from teams
