-- An answer that counts n labels has n rows in worker_annotations. Without this labels lost between the two leave
-- a set that is smaller than what the worker said, and the worker's scores sink.
with worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

worker_annotations as (
    select * from {{ ref('stg_ground_truth__worker_annotations') }}
),

counted as (
    select
        load_id,
        file_no,
        answer_index,
        count(*) as annotation_count
    from worker_annotations
    group by load_id, file_no, answer_index
)

select
    worker_answers.load_id,
    worker_answers.file_no,
    worker_answers.answer_index,
    worker_answers.label_count,
    counted.annotation_count
from worker_answers
left join counted
    on worker_answers.load_id = counted.load_id
    and worker_answers.file_no = counted.file_no
    and worker_answers.answer_index = counted.answer_index
where worker_answers.label_count <> coalesce(counted.annotation_count, 0)
