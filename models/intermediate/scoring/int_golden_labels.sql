with golden_labels as (
    select * from {{ ref('stg_ground_truth__golden_labels') }}
),

objects as (
    select
        job_name,
        object_index,
        source_uri,
        source_text
    from {{ ref('int_object_labels') }}
    where not is_inherited
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

-- A source that stands on several lines of the manifest has the same right labels on each.
resolved as (
    select
        golden_labels.job_name,
        golden_labels.annotation_index,
        golden_labels.shape,
        golden_labels.label,
        golden_labels.box_left,
        golden_labels.box_top,
        golden_labels.box_width,
        golden_labels.box_height,
        golden_labels.start_offset,
        golden_labels.end_offset,
        golden_labels.label_attribute_name,
        golden_labels.source_uri,
        golden_labels.source_text,
        golden_labels.load_id,
        golden_labels.file_no,
        coalesce(by_index.object_index, by_uri.object_index, by_text.object_index) as object_index
    from golden_labels
    left join objects as by_index
        on golden_labels.job_name = by_index.job_name
        and golden_labels.object_index = by_index.object_index
    left join objects as by_uri
        on golden_labels.job_name = by_uri.job_name
        and golden_labels.source_uri = by_uri.source_uri
        and golden_labels.object_index is null
    left join objects as by_text
        on golden_labels.job_name = by_text.job_name
        and golden_labels.source_text = by_text.source_text
        and golden_labels.object_index is null
        and golden_labels.source_uri is null
),

-- Where several files, or several lines of a file, answer for an object: the job's own attribute before others, then
-- the newest load. One of them is taken whole.
ranked as (
    select
        resolved.*,
        dense_rank() over (
            partition by resolved.job_name, resolved.object_index
            order by
                case when resolved.label_attribute_name = labeling_jobs.label_attribute_name then 0 else 1 end asc,
                resolved.load_id desc,
                resolved.file_no desc,
                resolved.label_attribute_name asc,
                resolved.source_uri asc,
                resolved.source_text asc
        ) as origin_rank
    from resolved
    left join labeling_jobs on resolved.job_name = labeling_jobs.job_name
    where resolved.object_index is not null
),

labels as (
    select
        job_name,
        object_index,
        annotation_index,
        shape,
        label,
        box_left,
        box_top,
        box_width,
        box_height,
        start_offset,
        end_offset
    from ranked
    where origin_rank = 1
)

select * from labels
