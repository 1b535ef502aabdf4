with set_aside as (
    select * from {{ ref('int_set_aside') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by job_name, rule_name
            order by object_index asc nulls first, item asc nulls first, source_file_uri asc, worker_key asc nulls first
        ) as row_no
    from set_aside
),

final as (
    select
        numbered.job_name || '/' || numbered.rule_name || '/' || cast(numbered.row_no as varchar) as set_aside_key,
        numbered.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        cast(numbered.rule_name as varchar) as rule_name,
        numbered.source_file_uri,
        numbered.object_index,
        numbered.item,
        numbered.worker_key,
        {{ worker_name('numbered.worker_key') }} as worker_name,
        cast(numbered.reason as varchar) as reason
    from numbered
    inner join labeling_jobs on numbered.job_name = labeling_jobs.job_name
)

select * from final
