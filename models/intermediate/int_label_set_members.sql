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

-- Labels of frames stay out: tracks are not scored as if they were boxes of one image.
labels as (
    select
        job_name,
        object_index,
        0 as set_no,
        annotation_index as member_no,
        {{ columns | join(', ') }}
    from golden_labels
    where shape is not null
    union all
    select
        job_name,
        object_index,
        1 as set_no,
        annotation_index as member_no,
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
        worker_annotations.annotation_index as member_no,
        worker_annotations.{{ columns | join(', worker_annotations.') }}
    from worker_answers
    inner join worker_annotations
        on worker_answers.load_id = worker_annotations.load_id
        and worker_answers.file_no = worker_annotations.file_no
        and worker_answers.answer_index = worker_annotations.answer_index
    where worker_annotations.frame_index is null
),

numbered as (
    select
        *,
        row_number() over (
            partition by job_name, object_index, set_no, shape, label
            order by member_no
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
        {{ columns | join(', ') }}
    from numbered
    where
        shape <> 'class'
        or repetition = 1
)

select * from members
