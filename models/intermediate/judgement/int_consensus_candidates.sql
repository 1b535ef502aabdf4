with object_answers as (
    select
        *,
        count(*) over (partition by job_name, object_index) as object_answer_count
    from {{ ref('int_class_answers') }}
),

-- One answer alone has nobody to agree with.
answers as (
    select * from object_answers
    where object_answer_count >= 2
),

{{ dawid_skene_candidates('answers') }}

select * from candidates
