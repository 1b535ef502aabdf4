with labeling_jobs as (
    select * from {{ ref('stg_ground_truth__labeling_jobs') }}
),

job_configs as (
    select
        job_name,
        max(task_type) as task_type,
        max(audit_label_attribute_name) as audit_label_attribute_name,
        bool_or(is_editable) as is_editable,
        max(config_json) as config_json
    from labeling_jobs
    where description_json is null
    group by job_name
)

select * from job_configs
