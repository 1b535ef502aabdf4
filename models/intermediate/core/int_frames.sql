with frames as (
    select * from {{ ref('stg_ground_truth__frames') }}
),

annotations as (
    select * from {{ ref('int_annotations') }}
),

annotation_counts as (
    select
        job_name,
        object_index,
        frame_index,
        cast(count(*) as bigint) as annotation_count,
        -- Labels of a detection job have no track, so the number of things they show is not known.
        cast(case when count(track_id) > 0 then count(distinct track_id) end as bigint) as track_count
    from annotations
    where
        frame_index is not null
        and not is_inherited
    group by
        job_name,
        object_index,
        frame_index
),

counted_frames as (
    select
        frames.job_name,
        frames.object_index,
        frames.frame_index,
        frames.frame_name,
        coalesce(annotation_counts.annotation_count, 0) as annotation_count,
        case
            when annotation_counts.annotation_count is null then 0
            else annotation_counts.track_count
        end as track_count,
        frames.source_file_uri
    from frames
    left join annotation_counts
        on frames.job_name = annotation_counts.job_name
        and frames.object_index = annotation_counts.object_index
        and frames.frame_index = annotation_counts.frame_index
)

select * from counted_frames
