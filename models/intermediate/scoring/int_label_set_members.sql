{%- set columns = [
    "shape", "label", "box_left", "box_top", "box_width", "box_height", "start_offset", "end_offset"
] -%}

with golden_labels as (
    select * from {{ ref('int_golden_labels') }}
),

annotations as (
    select * from {{ ref('int_annotations') }}
),

worker_annotations as (
    select * from {{ ref('stg_ground_truth__worker_annotations') }}
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

frames as (
    select * from {{ ref('stg_ground_truth__frames') }}
),

-- A worker's file of a frame may number it in its own way: its name tells which one it is.
named_frames as (
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

sequence_answers as (
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

sequences as (
    select distinct
        job_name,
        object_index
    from sequence_answers
),

labels as (
    select
        job_name,
        object_index,
        0 as set_no,
        annotation_index,
        cast(null as integer) as frame_index,
        {{ columns | join(', ') }}
    from golden_labels
    where shape is not null
    union all
    select
        job_name,
        object_index,
        1 as set_no,
        annotation_index,
        frame_index,
        {{ columns | join(', ') }}
    from annotations
    where
        not is_inherited
        and frame_index is null
    union all
    select
        worker_answers.job_name,
        worker_answers.object_index,
        worker_answers.answer_no + 1 as set_no,
        worker_annotations.annotation_index,
        worker_annotations.frame_index,
        worker_annotations.{{ columns | join(', worker_annotations.') }}
    from worker_answers
    inner join worker_annotations
        on worker_answers.load_id = worker_annotations.load_id
        and worker_answers.file_no = worker_annotations.file_no
        and worker_answers.answer_index = worker_annotations.answer_index
    where worker_annotations.frame_index is null
    union all
    -- Of sequences those alone that answers can be compared with. Labels of several sensors are not scored.
    select
        annotations.job_name,
        annotations.object_index,
        1 as set_no,
        annotations.annotation_index,
        annotations.frame_index,
        annotations.{{ columns | join(', annotations.') }}
    from annotations
    inner join sequences
        on annotations.job_name = sequences.job_name
        and annotations.object_index = sequences.object_index
    where
        not annotations.is_inherited
        and annotations.frame_index is not null
        and annotations.sensor is null
    union all
    select
        sequence_answers.job_name,
        sequence_answers.object_index,
        sequence_answers.answer_no + 1 as set_no,
        worker_annotations.annotation_index,
        named_frames.frame_index,
        worker_annotations.{{ columns | join(', worker_annotations.') }}
    from sequence_answers
    inner join worker_annotations
        on sequence_answers.job_name = worker_annotations.job_name
        and sequence_answers.iteration = worker_annotations.iteration
        and sequence_answers.object_index = worker_annotations.object_index
        and sequence_answers.payload_folder = worker_annotations.payload_folder
    inner join named_frames
        on worker_annotations.job_name = named_frames.job_name
        and worker_annotations.object_index = named_frames.object_index
        and worker_annotations.frame_name = named_frames.frame_name
    where worker_annotations.sensor is null
),

numbered as (
    select
        *,
        cast(row_number() over (
            partition by job_name, object_index, set_no
            order by frame_index nulls first, annotation_index
        ) - 1 as integer) as member_no,
        row_number() over (
            partition by job_name, object_index, set_no, frame_index, shape, label
            order by annotation_index
        ) as repetition
    from labels
),

-- A class named twice in one set is one member of it; two boxes or spans of one class are two.
members as (
    select
        job_name,
        object_index,
        set_no,
        member_no,
        frame_index,
        {{ columns | join(', ') }}
    from numbered
    where
        shape <> 'class'
        or repetition = 1
)

select * from members
