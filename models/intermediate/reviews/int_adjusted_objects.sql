with labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

label_attributes as (
    select * from {{ ref('int_label_attributes') }}
),

data_objects as (
    select * from {{ ref('stg_ground_truth__data_objects') }}
),

current_files as (
    select * from {{ ref('current_source_files') }}
),

-- An adjustment's manifest has the labels of every job before it: those that its workers were shown.
ranked_attributes as (
    select
        labeling_jobs.job_name,
        labeling_jobs.audited_job_name,
        label_attributes.label_attribute_name,
        row_number() over (
            partition by labeling_jobs.job_name
            order by
                case
                    when label_attributes.label_attribute_name = labeling_jobs.audit_label_attribute_name then 0
                    when lower(label_attributes.source_job_name) = lower(labeling_jobs.audited_job_name) then 1
                    else 2
                end asc,
                label_attributes.last_labeled_at desc nulls last,
                label_attributes.label_attribute_name asc
        ) as attribute_rank
    from labeling_jobs
    inner join label_attributes on labeling_jobs.job_name = label_attributes.job_name
    where
        labeling_jobs.job_kind = 'adjustment'
        and label_attributes.is_inherited
        and coalesce(label_attributes.task_type, '') <> 'label-verification'
),

labeled_objects as (
    select
        job_name,
        object_index
    from {{ ref('int_object_labels') }}
    where
        not is_inherited
        and label_status = 'labeled'
),

label_files as (
    select
        job_name,
        uri,
        {{ output_file('uri') }} as output_file
    from current_files
    where
        file_kind in ('sequence_labels', 'mask')
        and load_id is not null
),

results as (
    select
        data_objects.job_name,
        data_objects.object_index,
        data_objects.label_attribute_name,
        data_objects.label_count,
        ranked_attributes.audited_job_name,
        {{ output_file('data_objects.label_uri') }} as output_file
    from data_objects
    inner join ranked_attributes
        on data_objects.job_name = ranked_attributes.job_name
        and data_objects.label_attribute_name = ranked_attributes.label_attribute_name
    inner join labeled_objects
        on data_objects.job_name = labeled_objects.job_name
        and data_objects.object_index = labeled_objects.object_index
    where
        ranked_attributes.attribute_rank = 1
        and data_objects.failure_reason is null
),

-- Labels of sequences and masks are in the earlier job's folder, and loaded as that job's.
ranked_files as (
    select
        results.job_name,
        results.object_index,
        results.label_attribute_name,
        results.label_count,
        label_files.job_name as label_file_job_name,
        label_files.uri as label_file_uri,
        row_number() over (
            partition by results.job_name, results.object_index
            order by label_files.uri
        ) as file_rank
    from results
    left join label_files
        on results.audited_job_name = label_files.job_name
        and results.output_file = label_files.output_file
),

adjusted_objects as (
    select
        job_name,
        object_index,
        label_attribute_name,
        label_file_job_name,
        label_file_uri
    from ranked_files
    where
        file_rank = 1
        and (label_count is not null or label_file_uri is not null)
)

select * from adjusted_objects
