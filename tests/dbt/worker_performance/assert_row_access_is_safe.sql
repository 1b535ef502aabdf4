-- QuickSight takes a NULL or an empty key for all rows, a comma for a second key, a space for a part of the key,
-- and at most 999 rules for one user. Without it, a rule shows more than it says, or the dashboard stays empty.
with rules as (
    select
        user_name,
        group_name,
        worker_key,
        count(*) over (partition by user_name, group_name) as rule_count
    from {{ ref('bridge_row_access') }}
)

select
    user_name,
    group_name,
    worker_key
from rules
where
    coalesce(worker_key, '') = ''
    or coalesce(user_name, group_name, '') = ''
    or worker_key <> trim(worker_key)
    or worker_key like '%,%'
    or user_name like '%,%'
    or group_name like '%,%'
    or rule_count > 999
