with label_attributes as (
    select * from {{ ref('int_label_attributes') }}
),

configs as (
    select * from {{ ref('int_labeling_job_configs') }}
),

descriptions as (
    select * from {{ ref('int_labeling_job_descriptions') }}
),

job_files as (
    select * from {{ ref('int_labeling_job_files') }}
),

job_names as (
    select * from {{ ref('int_labeling_job_names') }}
),

own_attributes as (
    select
        job_name,
        task_type
    from label_attributes
    where not is_inherited
),

-- Whose labels a job was given: those of the attribute that its config names; if it names none, the newest of its own
-- task type, else the newest. Verdicts of an earlier verification come last.
ranked_attributes as (
    select
        label_attributes.job_name,
        label_attributes.source_job_name,
        row_number() over (
            partition by label_attributes.job_name
            order by
                case
                    when label_attributes.task_type = 'label-verification' then 2
                    when label_attributes.task_type = own_attributes.task_type then 0
                    else 1
                end asc,
                label_attributes.last_labeled_at desc nulls last,
                label_attributes.label_attribute_name asc
        ) as input_rank
    from label_attributes
    left join configs on label_attributes.job_name = configs.job_name
    left join own_attributes on label_attributes.job_name = own_attributes.job_name
    where
        label_attributes.is_inherited
        and coalesce(label_attributes.label_attribute_name = configs.audit_label_attribute_name, true)
),

-- A job whose input is another's output has that job's folder in its description, in the job's own spelling.
input_folders as (
    select
        job_name,
        {{ last_part(dbt.split_part('input_manifest_uri', "'/manifests/output/'", 1), '/') }} as folder_name
    from descriptions
    where input_manifest_uri like '%/manifests/output/%'
),

named_jobs as (
    select
        job_files.job_name,
        input_folders.folder_name,
        coalesce(ranked_attributes.source_job_name, input_folders.folder_name) as named_job_name
    from job_files
    left join ranked_attributes
        on job_files.job_name = ranked_attributes.job_name
        and ranked_attributes.input_rank = 1
    left join input_folders on job_files.job_name = input_folders.job_name
),

-- Metadata names jobs in lower case.
inputs as (
    select
        named_jobs.job_name,
        coalesce(
            job_names.job_name,
            case when lower(named_jobs.folder_name) = lower(named_jobs.named_job_name) then named_jobs.folder_name end,
            named_jobs.named_job_name
        ) as input_job_name
    from named_jobs
    left join job_names on lower(named_jobs.named_job_name) = job_names.lower_job_name
    where
        named_jobs.named_job_name is not null
        and lower(named_jobs.named_job_name) <> lower(named_jobs.job_name)
)

select * from inputs
