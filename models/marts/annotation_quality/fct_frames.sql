{{ config(pre_hook="{{ add_attribute_columns_to_contract('frame_attribute_columns') }}") }}

with frames as (
    select * from {{ ref('int_frames') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

frame_attributes as (
    select * from {{ ref('fct_frame_attributes') }}
),

attribute_values as (
    select
        frame_key
        {{- pivot_attribute_columns('frame_attribute_columns') }}
    from frame_attributes
    group by frame_key
),

keyed_frames as (
    select
        *,
        {{ frame_key() }} as frame_key,
        {{ object_key() }} as object_key
    from frames
),

final as (
    select
        keyed_frames.frame_key,
        keyed_frames.object_key,
        keyed_frames.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        keyed_frames.object_index,
        keyed_frames.frame_index,
        keyed_frames.frame_name,
        keyed_frames.annotation_count,
        keyed_frames.track_count,
        keyed_frames.source_file_uri
        {{- select_attribute_columns('attribute_values', 'frame_attribute_columns') }}
    from keyed_frames
    inner join labeling_jobs on keyed_frames.job_name = labeling_jobs.job_name
    left join attribute_values on keyed_frames.frame_key = attribute_values.frame_key
)

select * from final
