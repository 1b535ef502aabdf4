with current_files as (
    select * from {{ ref('current_source_files') }}
),

data_objects as (
    select * from {{ ref('stg_ground_truth__data_objects') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

loaded_label_files as (
    select
        job_name,
        load_id,
        file_no,
        file_kind,
        {{ output_file('uri') }} as output_file
    from current_files
    where
        file_kind in ('mask', 'point_classes')
        and load_id is not null
),

-- Only the job's own label attribute: an earlier job's files are in that job's folder, even if their names are equal.
named_label_files as (
    select
        data_objects.job_name,
        data_objects.object_index,
        data_objects.label_attribute_name,
        {{ output_file('data_objects.label_uri') }} as output_file
    from data_objects
    inner join labeling_jobs
        on data_objects.job_name = labeling_jobs.job_name
        and data_objects.label_attribute_name = labeling_jobs.label_attribute_name
    where data_objects.label_uri is not null
),

-- One file only, if a folder has it twice under names that a copy changed.
ranked_label_files as (
    select
        named_label_files.job_name,
        named_label_files.label_attribute_name,
        named_label_files.object_index,
        loaded_label_files.load_id,
        loaded_label_files.file_no,
        loaded_label_files.file_kind,
        row_number() over (
            partition by named_label_files.job_name, named_label_files.object_index
            order by loaded_label_files.load_id desc, loaded_label_files.file_no desc
        ) as file_rank
    from named_label_files
    inner join loaded_label_files
        on named_label_files.job_name = loaded_label_files.job_name
        and named_label_files.output_file = loaded_label_files.output_file
        -- A file of another object is none of this one's, even if its result names it.
        and cast(named_label_files.object_index as varchar)
        = {{ dbt.split_part(dbt.split_part('loaded_label_files.output_file', "'/'", 1), "'_'", 1) }}
),

label_files as (
    select
        job_name,
        label_attribute_name,
        object_index,
        load_id,
        file_no,
        file_kind
    from ranked_label_files
    where file_rank = 1
)

select * from label_files
