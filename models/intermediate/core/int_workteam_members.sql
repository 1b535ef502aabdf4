with workteam_members as (
    select * from {{ ref('stg_ground_truth__workteam_members') }}
),

ranked_members as (
    select
        *,
        row_number() over (
            partition by workteam_name, worker_key
            order by load_id desc, file_no desc
        ) as newest_rank
    from workteam_members
),

members as (
    select
        workteam_name,
        worker_key,
        source_file_uri
    from ranked_members
    where newest_rank = 1
)

select * from members
