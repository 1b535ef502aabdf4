with row_access as (
    select * from {{ ref('row_access') }}
),

cleaned as (
    select
        nullif(trim(user_name), '') as user_name,
        nullif(trim(group_name), '') as group_name,
        lower(trim(sees)) as sees,
        nullif(trim(whom), '') as whom
    from row_access
),

rules as (
    select *
    from cleaned
    where user_name is not null or group_name is not null
)

select * from rules
