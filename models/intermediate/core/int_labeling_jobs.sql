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

inputs as (
    select * from {{ ref('int_labeling_job_inputs') }}
),

review_items as (
    select * from {{ ref('stg_ground_truth__review_items') }}
),

annotation_attributes as (
    select * from {{ ref('stg_ground_truth__annotation_attributes') }}
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

-- Jobs in which a label of their own has an audit's outcome.
jobs_with_audit_attributes as (
    select distinct annotation_attributes.job_name
    from annotation_attributes
    left join own_attributes on annotation_attributes.job_name = own_attributes.job_name
    where
        annotation_attributes.scope = 'annotation'
        and annotation_attributes.attribute_value is not null
        and {{ is_named('annotation_attributes.attribute_name', list_var('audit_attributes')) }}
        and not {{ is_of_earlier_job('annotation_attributes', 'own_attributes') }}
),

named_items as (
    select
        job_name,
        {{ job_of_object_key('review_of') }} as item_job_name
    from review_items
),

-- A bulk review is of a job if all of its items that name an object name one of that job.
jobs_with_review_items as (
    select
        job_name,
        case when min(item_job_name) = max(item_job_name) then max(item_job_name) end as item_job_name
    from named_items
    group by job_name
),

-- A job whose every file was rejected is in the ledger too, and so is in here.
combined_jobs as (
    select
        job_files.job_name,
        own_attributes.label_attribute_name,
        own_attributes.modality,
        descriptions.status,
        descriptions.workteam_name,
        descriptions.task_price_usd,
        descriptions.total_labeled_count,
        descriptions.human_labeled_count,
        descriptions.machine_labeled_count,
        descriptions.failed_count,
        descriptions.unlabeled_count,
        answers.max_answers_per_object,
        configs.audit_label_attribute_name,
        configs.is_editable,
        configs.config_json,
        descriptions.description_json,
        coalesce(job_files.output_uri, descriptions.output_uri) as output_uri,
        coalesce(own_attributes.task_type, descriptions.task_type, configs.task_type, answers.task_type) as task_type,
        coalesce(descriptions.workers_per_object, answers.max_answers_per_object) as workers_per_object,
        coalesce(jobs_with_review_items.item_job_name, inputs.input_job_name) as input_job_name,
        jobs_with_review_items.job_name is not null as has_review_items,
        jobs_with_audit_attributes.job_name is not null as has_audit_attributes,
        jobs_with_adjustment_status.job_name is not null
        or coalesce(descriptions.is_adjustment, false) as is_adjustment
    from job_files
    left join own_attributes on job_files.job_name = own_attributes.job_name
    left join descriptions on job_files.job_name = descriptions.job_name
    left join configs on job_files.job_name = configs.job_name
    left join answers on job_files.job_name = answers.job_name
    left join inputs on job_files.job_name = inputs.job_name
    left join jobs_with_review_items on job_files.job_name = jobs_with_review_items.job_name
    left join jobs_with_audit_attributes on job_files.job_name = jobs_with_audit_attributes.job_name
    left join jobs_with_adjustment_status on job_files.job_name = jobs_with_adjustment_status.job_name
),

jobs_with_kind as (
    select
        *,
        -- An audit of a sequence or a point cloud writes labels as an adjustment does. What distinguishes it is its
        -- label category config, which names the audited attribute and lets workers edit nothing, or what they enter.
        case
            when task_type = 'label-verification' then 'verification'
            when has_review_items then 'review'
            when audit_label_attribute_name is not null and is_editable then 'adjustment'
            when audit_label_attribute_name is not null or has_audit_attributes then 'audit'
            when is_adjustment then 'adjustment'
            else 'label'
        end as job_kind
    from combined_jobs
),

labeling_jobs as (
    select
        jobs_with_kind.job_name,
        jobs_with_kind.label_attribute_name,
        jobs_with_kind.task_type,
        jobs_with_kind.status,
        jobs_with_kind.workteam_name,
        jobs_with_kind.task_price_usd,
        jobs_with_kind.workers_per_object,
        jobs_with_kind.max_answers_per_object,
        jobs_with_kind.audit_label_attribute_name,
        jobs_with_kind.output_uri,
        jobs_with_kind.total_labeled_count,
        jobs_with_kind.human_labeled_count,
        jobs_with_kind.machine_labeled_count,
        jobs_with_kind.failed_count,
        jobs_with_kind.unlabeled_count,
        jobs_with_kind.config_json,
        jobs_with_kind.description_json,
        coalesce(
            jobs_with_kind.modality,
            task_types.modality,
            case when jobs_with_kind.task_type is not null then 'other' end
        ) as modality,
        jobs_with_kind.job_kind,
        case when jobs_with_kind.job_kind <> 'label' then jobs_with_kind.input_job_name end as audited_job_name
    from jobs_with_kind
    left join task_types on jobs_with_kind.task_type = task_types.task_type
)

select * from labeling_jobs
