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

adjusted_labels as (
    select * from {{ ref('int_adjusted_labels') }}
),

golden_members as (
    select
        job_name,
        object_index,
        'golden' as set_kind,
        cast(null as integer) as answer_no,
        annotation_index,
        cast(null as varchar) as source_file_uri,
        {{ label_set_columns() }}
    from golden_labels
    where shape is not null
),

consolidated_members as (
    select
        job_name,
        object_index,
        'consolidated' as set_kind,
        cast(null as integer) as answer_no,
        annotation_index,
        cast(null as varchar) as source_file_uri,
        {{ label_set_columns() }}
    from annotations
    where
        not is_inherited
        and frame_index is null
),

answer_members as (
    select
        worker_answers.job_name,
        worker_answers.object_index,
        'answer' as set_kind,
        worker_answers.answer_no,
        worker_annotations.annotation_index,
        worker_annotations.source_file_uri,
        {{ label_set_columns(
            'worker_annotations',
            label_key=measured_label_key('worker_annotations', 'worker_annotations')
        ) }}
    from worker_answers
    inner join worker_annotations
        on worker_answers.load_id = worker_annotations.load_id
        and worker_answers.file_no = worker_annotations.file_no
        and worker_answers.answer_index = worker_annotations.answer_index
    where worker_annotations.frame_index is null
),

inherited_members as (
    select
        job_name,
        object_index,
        'inherited' as set_kind,
        cast(null as integer) as answer_no,
        annotation_index,
        cast(null as varchar) as source_file_uri,
        {{ label_set_columns() }}
    from adjusted_labels
    where frame_index is null
),

members as (
    select * from golden_members
    union all
    select * from inherited_members
    union all
    select * from consolidated_members
    union all
    select * from answer_members
)

select * from members
