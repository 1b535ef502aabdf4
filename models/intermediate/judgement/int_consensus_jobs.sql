with rounds as (
    select * from {{ ref('int_consensus_rounds') }}
),

{{ dawid_skene_log_posterior('rounds', 'last_fit') }},

{{ dawid_skene_log_posterior('rounds', 'previous_fit', 'previous_') }},

job_sizes as (
    select
        job_name,
        bool_and(has_all_classes) as has_all_classes,
        cast(count(distinct object_index) as bigint) as object_count,
        cast(count(distinct worker_key) as bigint) as worker_count,
        cast(count(distinct label) as bigint) as class_count
    from rounds
    group by job_name
),

jobs as (
    select
        job_sizes.job_name,
        job_sizes.has_all_classes,
        job_sizes.object_count,
        job_sizes.worker_count,
        job_sizes.class_count,
        last_fit.log_posterior,
        last_fit.log_posterior - previous_fit.log_posterior as last_rise
    from job_sizes
    inner join last_fit on job_sizes.job_name = last_fit.job_name
    inner join previous_fit on job_sizes.job_name = previous_fit.job_name
)

select * from jobs
