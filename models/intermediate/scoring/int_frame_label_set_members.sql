with annotations as (
    select * from {{ ref('int_annotations') }}
),

worker_annotations as (
    select * from {{ ref('stg_ground_truth__worker_annotations') }}
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

frames as (
    select * from {{ ref('int_frames') }}
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

answers_to_sequences as (
    select
        job_name,
        iteration,
        object_index,
        payload_folder,
        answer_no
    from worker_answers
    where
        payload_folder is not null
        and label_count is not null
),

answered_sequences as (
    select distinct
        job_name,
        object_index
    from answers_to_sequences
),

-- Only sequences that have an answer to compare. Labels of several sensors are not scored.
consolidated_members as (
    select
        annotations.job_name,
        annotations.object_index,
        'consolidated' as set_kind,
        cast(null as integer) as answer_no,
        annotations.frame_index,
        annotations.annotation_index,
        {{ label_set_columns('annotations') }}
    from annotations
    inner join answered_sequences
        on annotations.job_name = answered_sequences.job_name
        and annotations.object_index = answered_sequences.object_index
    where
        not annotations.is_inherited
        and annotations.frame_index is not null
        and annotations.sensor is null
),

answer_members as (
    select
        answers_to_sequences.job_name,
        answers_to_sequences.object_index,
        'answer' as set_kind,
        answers_to_sequences.answer_no,
        frames_by_name.frame_index,
        worker_annotations.annotation_index,
        {{ label_set_columns('worker_annotations') }}
    from answers_to_sequences
    inner join worker_annotations
        on answers_to_sequences.job_name = worker_annotations.job_name
        and answers_to_sequences.iteration = worker_annotations.iteration
        and answers_to_sequences.object_index = worker_annotations.object_index
        and answers_to_sequences.payload_folder = worker_annotations.payload_folder
    inner join frames_by_name
        on worker_annotations.job_name = frames_by_name.job_name
        and worker_annotations.object_index = frames_by_name.object_index
        and worker_annotations.frame_name = frames_by_name.frame_name
    where worker_annotations.sensor is null
),

members as (
    select * from consolidated_members
    union all
    select * from answer_members
)

select * from members
