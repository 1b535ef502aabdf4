with workteam_members as (
    select * from {{ ref('int_workteam_members') }}
),

final as (
    select
        workteam_name,
        worker_key,
        {{ worker_name('worker_key') }} as worker_name,
        source_file_uri
    from workteam_members
)

select * from final
