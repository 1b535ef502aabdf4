with current_files as (
    select * from {{ ref('current_source_files') }}
),

declarations as (
    select * from {{ ref('stg_ground_truth__labeling_jobs') }}
),

label_attributes as (
    select * from {{ ref('int_label_attributes') }}
),

data_objects as (
    select * from {{ ref('stg_ground_truth__data_objects') }}
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

task_types as (
    select * from {{ ref('task_types') }}
),

-- From the ledger, so that a job whose every file was rejected is seen too.
jobs as (
    select
        job_name,
        -- The folder whose rows are here, should another of that name have been skipped.
        coalesce(max(case when load_id is not null then job_uri end), max(job_uri)) as output_uri
    from current_files
    where
        job_name is not null
        and status <> 'forgotten'
    group by job_name
),

-- DescribeLabelingJob tells all of a job, lists of jobs tell some; each thing is what was last said of it.
ranked_declarations as (
    select
        *,
        description_json is not null as is_description,
        row_number() over (
            partition by job_name, description_json is not null
            order by modified_at desc nulls last, load_id desc, file_no desc
        ) as newest_rank,
        row_number() over (
            partition by job_name, total_labeled_count is not null
            order by modified_at desc nulls last, load_id desc, file_no desc
        ) as newest_count_rank
    from declarations
),

descriptions as (
    select
        job_name,
        min_by(task_type, newest_rank) filter (where task_type is not null) as task_type,
        min_by(job_status, newest_rank) filter (where job_status is not null) as status,
        min_by(workteam_name, newest_rank) filter (where workteam_name is not null) as workteam_name,
        min_by(workers_per_object, newest_rank) filter (where workers_per_object is not null) as workers_per_object,
        min_by(output_uri, newest_rank) filter (where output_uri is not null) as output_uri
    from ranked_declarations
    where is_description
    group by job_name
),

last_counts as (
    select
        job_name,
        total_labeled_count,
        human_labeled_count,
        machine_labeled_count,
        failed_count,
        unlabeled_count
    from ranked_declarations
    where
        total_labeled_count is not null
        and newest_count_rank = 1
),

declared as (
    select
        job_name,
        max(task_type) as task_type,
        max(audit_label_attribute_name) as audit_label_attribute_name,
        bool_or(is_editable) as is_editable
    from ranked_declarations
    where not is_description
    group by job_name
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

adjustments as (
    select
        data_objects.job_name,
        true as has_adjustment_status
    from data_objects
    inner join own_attributes
        on data_objects.job_name = own_attributes.job_name
        and data_objects.label_attribute_name = own_attributes.label_attribute_name
    where data_objects.adjustment_status is not null
    group by data_objects.job_name
),

answered_objects as (
    select
        job_name,
        object_index,
        count(distinct worker_key) as answers_per_object
    from worker_answers
    group by job_name, object_index
),

most_answered as (
    select
        job_name,
        cast(max(answers_per_object) as integer) as max_answers_per_object
    from answered_objects
    group by job_name
),

hint_counts as (
    select
        job_name,
        task_type,
        row_number() over (
            partition by job_name
            order by count(*) desc, task_type
        ) as hint_rank
    from worker_answers
    where task_type is not null
    group by job_name, task_type
),

hints as (
    select
        job_name,
        task_type
    from hint_counts
    where hint_rank = 1
),

described as (
    select
        jobs.job_name,
        own_attributes.label_attribute_name,
        own_attributes.modality,
        descriptions.status,
        descriptions.workteam_name,
        last_counts.total_labeled_count,
        last_counts.human_labeled_count,
        last_counts.machine_labeled_count,
        last_counts.failed_count,
        last_counts.unlabeled_count,
        most_answered.max_answers_per_object,
        declared.audit_label_attribute_name,
        declared.is_editable,
        coalesce(
            jobs.output_uri,
            -- The job's folder in what it was told to write to.
            descriptions.output_uri
            || case when descriptions.output_uri like '%/' then '' else '/' end
            || jobs.job_name
        ) as output_uri,
        coalesce(own_attributes.task_type, descriptions.task_type, declared.task_type, hints.task_type) as task_type,
        coalesce(descriptions.workers_per_object, most_answered.max_answers_per_object) as workers_per_object,
        coalesce(adjustments.has_adjustment_status, false) as has_adjustment_status
    from jobs
    left join own_attributes on jobs.job_name = own_attributes.job_name
    left join descriptions on jobs.job_name = descriptions.job_name
    left join last_counts on jobs.job_name = last_counts.job_name
    left join declared on jobs.job_name = declared.job_name
    left join adjustments on jobs.job_name = adjustments.job_name
    left join most_answered on jobs.job_name = most_answered.job_name
    left join hints on jobs.job_name = hints.job_name
),

labeling_jobs as (
    select
        described.job_name,
        described.label_attribute_name,
        described.task_type,
        described.status,
        described.workteam_name,
        described.workers_per_object,
        described.max_answers_per_object,
        described.audit_label_attribute_name,
        described.output_uri,
        described.total_labeled_count,
        described.human_labeled_count,
        described.machine_labeled_count,
        described.failed_count,
        described.unlabeled_count,
        coalesce(
            described.modality,
            task_types.modality,
            case when described.task_type is not null then 'other' end
        ) as modality,
        -- A verification job of a sequence or a point cloud writes labels like an adjustment job's; its config alone
        -- tells: it names the audited attribute and lets workers edit nothing.
        case
            when described.task_type = 'label-verification' then 'verification'
            when described.audit_label_attribute_name is not null and described.is_editable then 'adjustment'
            when described.audit_label_attribute_name is not null then 'audit'
            when described.has_adjustment_status then 'adjustment'
            else 'label'
        end as job_kind
    from described
    left join task_types on described.task_type = task_types.task_type
)

select * from labeling_jobs
