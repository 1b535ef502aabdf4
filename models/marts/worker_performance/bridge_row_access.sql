with rules as (
    select * from {{ ref('int_row_access') }}
),

workteam_members as (
    select * from {{ ref('bridge_workteam_members') }}
),

workers as (
    select * from {{ ref('dim_workers') }}
),

-- Inner joins: a rule for a worker or a team that is not known lets nobody see anything.
final as (
    select
        rules.user_name,
        rules.group_name,
        workers.worker_key
    from rules
    inner join workers on rules.whom = workers.worker_key
    where rules.sees = 'worker'
    union distinct
    select
        rules.user_name,
        rules.group_name,
        workteam_members.worker_key
    from rules
    inner join workteam_members on rules.whom = workteam_members.workteam_name
    where rules.sees = 'workteam'
    union distinct
    select
        rules.user_name,
        rules.group_name,
        workers.worker_key
    from rules
    cross join workers
    where rules.sees = 'everything'
    union distinct
    select
        user_name,
        group_name,
        {{ unknown_worker() }} as worker_key
    from rules
    where sees = 'everything'
)

select * from final
