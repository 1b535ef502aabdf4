with class_answers as (
    select * from {{ ref('int_class_answers') }}
),

class_counts as (
    select
        job_name,
        object_index,
        label,
        cast(count(*) as double) as class_answer_count
    from class_answers
    group by job_name, object_index, label
),

counts as (
    select
        *,
        sum(class_answer_count) over (partition by job_name, object_index) as object_answer_count
    from class_counts
)

select * from counts
