-- Every label of an answer is a row of fct_worker_labels, once, unless its frame is set aside. Without it, a join with
-- two references doubles labels, or an answer without any loses them, and the shares of right labels look as before.
with tasks as (
    select * from {{ ref('fct_worker_tasks') }}
    where label_count is not null
),

label_counts as (
    select
        task_key,
        count(*) as row_count
    from {{ ref('fct_worker_labels') }}
    group by task_key
),

answers as (
    select * from {{ ref('int_worker_answers') }}
),

unknown_frames as (
    select
        job_name,
        iteration,
        object_index,
        payload_folder,
        sum(annotation_count) as row_count
    from {{ ref('int_worker_frames') }}
    where
        not is_repeated
        and frame_index is null
    group by job_name, iteration, object_index, payload_folder
),

set_aside_counts as (
    select
        {{ task_key('answers') }} as task_key,
        unknown_frames.row_count
    from answers
    inner join unknown_frames
        on answers.job_name = unknown_frames.job_name
        and answers.iteration = unknown_frames.iteration
        and answers.object_index = unknown_frames.object_index
        and answers.payload_folder = unknown_frames.payload_folder
)

select
    tasks.task_key,
    tasks.label_count,
    label_counts.row_count,
    set_aside_counts.row_count as set_aside_count
from tasks
left join label_counts on tasks.task_key = label_counts.task_key
left join set_aside_counts on tasks.task_key = set_aside_counts.task_key
where coalesce(label_counts.row_count, 0) + coalesce(set_aside_counts.row_count, 0) <> tasks.label_count
