with answers as (
    select * from {{ ref('int_agreement_answers') }}
    where is_single_class
),

members as (
    select * from {{ ref('int_label_set_members') }}
    where shape = 'class'
),

class_answers as (
    select
        answers.job_name,
        answers.object_index,
        answers.worker_key,
        members.label
    from answers
    inner join members
        on answers.job_name = members.job_name
        and answers.object_index = members.object_index
        and answers.label_set_key = members.label_set_key
    where members.label is not null
)

select * from class_answers
