with object_members as (
    select * from {{ ref('int_object_label_set_members') }}
),

frame_members as (
    select * from {{ ref('int_frame_label_set_members') }}
),

all_labels as (
    select
        job_name,
        object_index,
        set_kind,
        answer_no,
        {{ label_set_key('set_kind', 'answer_no') }} as label_set_key,
        cast(null as integer) as frame_index,
        annotation_index,
        source_file_uri,
        {{ label_set_columns() }}
    from object_members
    union all
    select
        job_name,
        object_index,
        set_kind,
        answer_no,
        {{ label_set_key('set_kind', 'answer_no') }} as label_set_key,
        frame_index,
        annotation_index,
        source_file_uri,
        {{ label_set_columns() }}
    from frame_members
),

numbered_labels as (
    select
        *,
        cast(row_number() over (
            partition by job_name, object_index, label_set_key
            order by frame_index nulls first, annotation_index
        ) - 1 as integer) as member_no,
        row_number() over (
            partition by job_name, object_index, label_set_key, frame_index, shape, label
            order by annotation_index
        ) as repetition
    from all_labels
),

-- A class that a set names twice is one member; two boxes or spans of one class are two.
members as (
    select
        job_name,
        object_index,
        label_set_key,
        set_kind,
        answer_no,
        member_no,
        frame_index,
        annotation_index,
        source_file_uri,
        {{ label_set_columns() }}
    from numbered_labels
    where
        shape <> 'class'
        or repetition = 1
)

select * from members
