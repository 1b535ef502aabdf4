with current_files as (
    select * from {{ ref('current_source_files') }}
),

data_objects as (
    select * from {{ ref('stg_ground_truth__data_objects') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

files as (
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

-- An earlier job's files are in the folder of that job, even where they have the same names.
refs as (
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

-- One file only, should a folder have it twice, under names that a copy changed.
ranked as (
    select
        refs.job_name,
        refs.label_attribute_name,
        refs.object_index,
        files.load_id,
        files.file_no,
        files.file_kind,
        row_number() over (
            partition by refs.job_name, refs.object_index
            order by files.load_id desc, files.file_no desc
        ) as file_rank
    from refs
    inner join files
        on refs.job_name = files.job_name
        and refs.output_file = files.output_file
),

label_files as (
    select
        job_name,
        label_attribute_name,
        object_index,
        load_id,
        file_no,
        file_kind
    from ranked
    where file_rank = 1
)

select * from label_files
