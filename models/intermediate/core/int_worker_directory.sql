with workers as (
    select * from {{ ref('stg_ground_truth__workers') }}
),

directory as (
    select
        worker_key,
        max(identity_issuer) as identity_issuer,
        max(identity_sub) as identity_sub,
        max(username) as username,
        max(email) as email,
        bool_or(is_enabled) as is_enabled
    from workers
    group by worker_key
)

select * from directory
