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

-- A source that appears on several lines of the manifest has the same golden labels on each.
object_golden_labels as (
    select
        golden_labels.job_name,
        golden_labels.annotation_index,
        {{ label_set_columns('golden_labels', label_key='cast(null as varchar)') }},
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

-- If several files, or several lines of a file, give golden labels for an object: the job's own label attribute comes
-- first, then the newest load. All labels are taken from the first of them.
ranked_labels as (
    select
        object_golden_labels.*,
        dense_rank() over (
            partition by object_golden_labels.job_name, object_golden_labels.object_index
            order by
                case
                    when object_golden_labels.label_attribute_name = labeling_jobs.label_attribute_name then 0
                    else 1
                end asc,
                object_golden_labels.load_id desc,
                object_golden_labels.file_no desc,
                object_golden_labels.label_attribute_name asc,
                object_golden_labels.source_uri asc,
                object_golden_labels.source_text asc
        ) as origin_rank
    from object_golden_labels
    left join labeling_jobs on object_golden_labels.job_name = labeling_jobs.job_name
    where object_golden_labels.object_index is not null
),

newest_golden_labels as (
    select
        job_name,
        object_index,
        annotation_index,
        {{ label_set_columns() }}
    from ranked_labels
    where origin_rank = 1
)

select * from newest_golden_labels
