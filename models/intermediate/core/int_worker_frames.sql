with worker_frames as (
    select * from {{ ref('stg_ground_truth__worker_frames') }}
),

frames as (
    select * from {{ ref('stg_ground_truth__frames') }}
),

-- A worker's file may number its frames in its own way, so a frame is found by its name.
frames_by_name as (
    select
        job_name,
        object_index,
        frame_name,
        max(frame_index) as frame_index
    from frames
    where frame_name is not null
    group by
        job_name,
        object_index,
        frame_name
    having count(*) = 1
),

-- A frame counts once in an answer, whatever the files of its folder are called.
ranked_frames as (
    select
        worker_frames.load_id,
        worker_frames.file_no,
        worker_frames.job_name,
        worker_frames.iteration,
        worker_frames.object_index,
        worker_frames.payload_folder,
        worker_frames.frame_name,
        worker_frames.frame_index as worker_frame_index,
        frames_by_name.frame_index,
        worker_frames.annotation_count,
        worker_frames.source_file_uri,
        row_number() over (
            partition by
                worker_frames.job_name,
                worker_frames.iteration,
                worker_frames.object_index,
                worker_frames.payload_folder,
                worker_frames.frame_name,
                -- Frames without a name are told apart by their numbers.
                case when worker_frames.frame_name is null then worker_frames.frame_index end
            order by
                worker_frames.source_file_uri desc,
                worker_frames.load_id desc,
                worker_frames.file_no desc,
                worker_frames.frame_index desc nulls last
        ) as copy_rank
    from worker_frames
    left join frames_by_name
        on worker_frames.job_name = frames_by_name.job_name
        and worker_frames.object_index = frames_by_name.object_index
        and worker_frames.frame_name = frames_by_name.frame_name
),

final as (
    select
        load_id,
        file_no,
        job_name,
        iteration,
        object_index,
        payload_folder,
        frame_name,
        worker_frame_index,
        frame_index,
        annotation_count,
        source_file_uri,
        copy_rank > 1 as is_repeated
    from ranked_frames
)

select * from final
