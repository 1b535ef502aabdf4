with job_files as (
    select * from {{ ref('int_labeling_job_files') }}
),

descriptions as (
    select * from {{ ref('int_labeling_job_descriptions') }}
),

configs as (
    select * from {{ ref('int_labeling_job_configs') }}
),

answers as (
    select * from {{ ref('int_labeling_job_answers') }}
),

label_attributes as (
    select * from {{ ref('int_label_attributes') }}
),

data_objects as (
    select * from {{ ref('stg_ground_truth__data_objects') }}
),

task_types as (
    select * from {{ ref('task_types') }}
),

own_attributes as (
    select
        job_name,
        label_attribute_name,
        task_type,
        modality
    from label_attributes
    where not is_inherited
),

jobs_with_adjustment_status as (
    select distinct data_objects.job_name
    from data_objects
    inner join own_attributes
        on data_objects.job_name = own_attributes.job_name
        and data_objects.label_attribute_name = own_attributes.label_attribute_name
    where data_objects.adjustment_status is not null
),

-- A job whose every file was rejected is in the ledger too, and so is in here.
combined_jobs as (
    select
        job_files.job_name,
        own_attributes.label_attribute_name,
        own_attributes.modality,
        descriptions.status,
        descriptions.workteam_name,
        descriptions.total_labeled_count,
        descriptions.human_labeled_count,
        descriptions.machine_labeled_count,
        descriptions.failed_count,
        descriptions.unlabeled_count,
        answers.max_answers_per_object,
        configs.audit_label_attribute_name,
        configs.is_editable,
        coalesce(job_files.output_uri, descriptions.output_uri) as output_uri,
        coalesce(own_attributes.task_type, descriptions.task_type, configs.task_type, answers.task_type) as task_type,
        coalesce(descriptions.workers_per_object, answers.max_answers_per_object) as workers_per_object,
        jobs_with_adjustment_status.job_name is not null as has_adjustment_status
    from job_files
    left join own_attributes on job_files.job_name = own_attributes.job_name
    left join descriptions on job_files.job_name = descriptions.job_name
    left join configs on job_files.job_name = configs.job_name
    left join answers on job_files.job_name = answers.job_name
    left join jobs_with_adjustment_status on job_files.job_name = jobs_with_adjustment_status.job_name
),

labeling_jobs as (
    select
        combined_jobs.job_name,
        combined_jobs.label_attribute_name,
        combined_jobs.task_type,
        combined_jobs.status,
        combined_jobs.workteam_name,
        combined_jobs.workers_per_object,
        combined_jobs.max_answers_per_object,
        combined_jobs.audit_label_attribute_name,
        combined_jobs.output_uri,
        combined_jobs.total_labeled_count,
        combined_jobs.human_labeled_count,
        combined_jobs.machine_labeled_count,
        combined_jobs.failed_count,
        combined_jobs.unlabeled_count,
        coalesce(
            combined_jobs.modality,
            task_types.modality,
            case when combined_jobs.task_type is not null then 'other' end
        ) as modality,
        -- An audit of a sequence or a point cloud writes labels as an adjustment does. Only the label category config
        -- distinguishes them: an audit names the audited attribute and lets workers edit nothing.
        case
            when combined_jobs.task_type = 'label-verification' then 'verification'
            when combined_jobs.audit_label_attribute_name is not null and combined_jobs.is_editable then 'adjustment'
            when combined_jobs.audit_label_attribute_name is not null then 'audit'
            when combined_jobs.has_adjustment_status then 'adjustment'
            else 'label'
        end as job_kind
    from combined_jobs
    left join task_types on combined_jobs.task_type = task_types.task_type
)

select * from labeling_jobs
