{{ config(severity='warn') }}

-- An object whose result names a mask, or the classes of a point cloud, has that file, if any such file of the object
-- was loaded. Without it, a file whose name a copy changed beyond recognition gives no labels, and the job looks as if
-- nothing was found on its images.
with mask_labels as (
    select distinct
        annotations.job_name,
        annotations.object_index
    from {{ ref('stg_ground_truth__annotations') }} as annotations
    inner join {{ ref('current_source_files') }} as files
        on annotations.load_id = files.load_id
        and annotations.file_no = files.file_no
    where files.file_kind in ('mask', 'point_classes')
),

named as (
    select
        data_objects.job_name,
        data_objects.object_index,
        data_objects.label_uri
    from {{ ref('stg_ground_truth__data_objects') }} as data_objects
    inner join {{ ref('int_labeling_jobs') }} as jobs
        on data_objects.job_name = jobs.job_name
        and data_objects.label_attribute_name = jobs.label_attribute_name
    where data_objects.label_uri is not null
),

label_files as (
    select * from {{ ref('int_label_files') }}
)

select named.*
from named
inner join mask_labels
    on named.job_name = mask_labels.job_name
    and named.object_index = mask_labels.object_index
left join label_files
    on named.job_name = label_files.job_name
    and named.object_index = label_files.object_index
where label_files.job_name is null
