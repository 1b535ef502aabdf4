with label_sets as (
    select * from {{ ref('int_label_sets') }}
    where set_kind = 'answer'
),

-- In a job whose workers may choose several classes, those who chose one are no sample of all: sets are compared there,
-- as are labels of one other shape.
jobs as (
    select
        job_name,
        case when min(shape) = max(shape) then min(shape) end as shape,
        coalesce(max(case when shape = 'class' then member_count end) = 1, false) as is_single_class,
        max(member_count) as largest_set
    from label_sets
    group by job_name
),

-- Who answers an object twice has one opinion: the last.
ranked_answers as (
    select
        label_sets.job_name,
        label_sets.object_index,
        label_sets.worker_key,
        label_sets.label_set_key,
        label_sets.shape,
        label_sets.member_count,
        jobs.is_single_class,
        row_number() over (
            partition by label_sets.job_name, label_sets.object_index, label_sets.worker_key
            order by label_sets.answer_no desc
        ) as last_rank
    from label_sets
    inner join jobs on label_sets.job_name = jobs.job_name
    where
        case
            when jobs.is_single_class then label_sets.shape = 'class' and label_sets.member_count = 1
            -- If nobody labeled anything, or overlaps were not measured, there is nothing to compare.
            else jobs.shape <> 'mixed' and label_sets.member_count is not null and jobs.largest_set > 0
        end
),

answers as (
    select
        job_name,
        object_index,
        worker_key,
        label_set_key,
        shape,
        cast(member_count as bigint) as member_count,
        is_single_class,
        cast(count(*) over (partition by job_name, object_index) as bigint) as object_answer_count
    from ranked_answers
    where last_rank = 1
)

select * from answers
