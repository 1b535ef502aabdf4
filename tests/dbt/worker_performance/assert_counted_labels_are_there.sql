-- An answer that counts n labels has n rows in worker_annotations, its own and those of its frames, each frame once.
-- Without it, labels lost between the two make a set smaller than the worker's answer, and the worker's scores drop.
with worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

worker_annotations as (
    select * from {{ ref('stg_ground_truth__worker_annotations') }}
),

worker_frames as (
    select * from {{ ref('int_worker_frames') }}
    where not is_repeated
),

counted as (
    select
        load_id,
        file_no,
        answer_index,
        count(*) as annotation_count
    from worker_annotations
    where answer_index is not null
    group by load_id, file_no, answer_index
),

counted_in_frames as (
    select
        worker_annotations.job_name,
        worker_annotations.iteration,
        worker_annotations.object_index,
        worker_annotations.payload_folder,
        count(*) as annotation_count
    from worker_annotations
    inner join worker_frames
        on worker_annotations.load_id = worker_frames.load_id
        and worker_annotations.file_no = worker_frames.file_no
        and coalesce(worker_annotations.frame_name, '') = coalesce(worker_frames.frame_name, '')
        and coalesce(worker_annotations.frame_index, -1) = coalesce(worker_frames.worker_frame_index, -1)
    where worker_annotations.payload_folder is not null
    group by
        worker_annotations.job_name,
        worker_annotations.iteration,
        worker_annotations.object_index,
        worker_annotations.payload_folder
)

select
    worker_answers.load_id,
    worker_answers.file_no,
    worker_answers.answer_index,
    worker_answers.label_count,
    counted.annotation_count,
    counted_in_frames.annotation_count as frame_annotation_count
from worker_answers
left join counted
    on worker_answers.load_id = counted.load_id
    and worker_answers.file_no = counted.file_no
    and worker_answers.answer_index = counted.answer_index
left join counted_in_frames
    on worker_answers.job_name = counted_in_frames.job_name
    and worker_answers.iteration = counted_in_frames.iteration
    and worker_answers.object_index = counted_in_frames.object_index
    and worker_answers.payload_folder = counted_in_frames.payload_folder
where
    worker_answers.label_count
    <> coalesce(counted.annotation_count, 0) + coalesce(counted_in_frames.annotation_count, 0)
