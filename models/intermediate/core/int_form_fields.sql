with worker_annotation_attributes as (
    select * from {{ ref('stg_ground_truth__worker_annotation_attributes') }}
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

form_fields as (
    select
        worker_answers.job_name,
        worker_answers.object_index,
        worker_answers.answer_no,
        worker_answers.worker_key,
        worker_annotation_attributes.element_name,
        worker_annotation_attributes.attribute_name,
        worker_annotation_attributes.attribute_value,
        worker_annotation_attributes.source_file_uri
    from worker_annotation_attributes
    -- A submission that is in two files is one answer there.
    inner join worker_answers
        on worker_annotation_attributes.load_id = worker_answers.load_id
        and worker_annotation_attributes.file_no = worker_answers.file_no
        and worker_annotation_attributes.answer_index = worker_answers.answer_index
    where worker_annotation_attributes.scope = 'object'
)

select * from form_fields
