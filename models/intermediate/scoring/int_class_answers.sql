with label_sets as (
    select * from {{ ref('int_label_sets') }}
    where
        set_kind = 'answer'
        and shape = 'class'
),

-- In a job whose workers may choose several classes, those who chose one are no sample of all.
single_class_jobs as (
    select job_name
    from label_sets
    group by job_name
    having max(member_count) = 1
),

members as (
    select * from {{ ref('int_label_set_members') }}
    where shape = 'class'
),

-- Who answers an object twice has one opinion: the last.
ranked_answers as (
    select
        label_sets.job_name,
        label_sets.object_index,
        label_sets.worker_key,
        members.label,
        row_number() over (
            partition by label_sets.job_name, label_sets.object_index, label_sets.worker_key
            order by label_sets.answer_no desc
        ) as last_rank
    from label_sets
    inner join single_class_jobs on label_sets.job_name = single_class_jobs.job_name
    inner join members
        on label_sets.job_name = members.job_name
        and label_sets.object_index = members.object_index
        and label_sets.label_set_key = members.label_set_key
    where
        label_sets.member_count = 1
        and members.label is not null
),

class_answers as (
    select
        job_name,
        object_index,
        worker_key,
        label
    from ranked_answers
    where last_rank = 1
)

select * from class_answers
