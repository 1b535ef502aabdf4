with annotations as (
    select * from {{ ref('int_annotations') }}
),

worker_annotations as (
    select * from {{ ref('stg_ground_truth__worker_annotations') }}
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

-- Other frames are in rpt_set_aside.
worker_frames as (
    select * from {{ ref('int_worker_frames') }}
    where
        not is_repeated
        and frame_index is not null
),

adjusted_labels as (
    select * from {{ ref('int_adjusted_labels') }}
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

-- Sequences whose labels are compared with an answer, or with what they were before an adjustment.
compared_sequences as (
    select
        job_name,
        object_index
    from answers_to_sequences
    union
    select
        job_name,
        object_index
    from adjusted_labels
    where frame_index is not null
),

-- Labels of several sensors are not scored.
consolidated_members as (
    select
        annotations.job_name,
        annotations.object_index,
        'consolidated' as set_kind,
        cast(null as integer) as answer_no,
        annotations.frame_index,
        annotations.annotation_index,
        cast(null as varchar) as source_file_uri,
        {{ label_set_columns('annotations') }}
    from annotations
    inner join compared_sequences
        on annotations.job_name = compared_sequences.job_name
        and annotations.object_index = compared_sequences.object_index
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
        worker_frames.frame_index,
        worker_annotations.annotation_index,
        worker_annotations.source_file_uri,
        {{ label_set_columns(
            'worker_annotations',
            label_key=measured_label_key('worker_annotations', 'worker_annotations')
        ) }}
    from answers_to_sequences
    inner join worker_annotations
        on answers_to_sequences.job_name = worker_annotations.job_name
        and answers_to_sequences.iteration = worker_annotations.iteration
        and answers_to_sequences.object_index = worker_annotations.object_index
        and answers_to_sequences.payload_folder = worker_annotations.payload_folder
    inner join worker_frames
        on worker_annotations.load_id = worker_frames.load_id
        and worker_annotations.file_no = worker_frames.file_no
        and worker_annotations.frame_name = worker_frames.frame_name
        and coalesce(worker_annotations.frame_index, -1) = coalesce(worker_frames.worker_frame_index, -1)
    where worker_annotations.sensor is null
),

inherited_members as (
    select
        job_name,
        object_index,
        'inherited' as set_kind,
        cast(null as integer) as answer_no,
        frame_index,
        annotation_index,
        cast(null as varchar) as source_file_uri,
        {{ label_set_columns() }}
    from adjusted_labels
    where frame_index is not null
),

members as (
    select * from consolidated_members
    union all
    select * from inherited_members
    union all
    select * from answer_members
)

select * from members
