with frame_attributes as (
    select * from {{ ref('int_frame_attributes') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

final as (
    select
        {{ frame_key('frame_attributes', has_inherited=true) }} as frame_key,
        {{ object_key('frame_attributes', has_inherited=true) }} as object_key,
        frame_attributes.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        frame_attributes.object_index,
        frame_attributes.frame_index,
        frame_attributes.attribute_name,
        frame_attributes.attribute_value,
        frame_attributes.source_file_uri
    from frame_attributes
    inner join labeling_jobs on frame_attributes.job_name = labeling_jobs.job_name
)

select * from final
