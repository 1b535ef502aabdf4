-- Every label of an answer is a row of fct_worker_labels, once. Without it, a join with two references doubles labels,
-- or an answer without any loses them, and the shares of right labels look as before.
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
)

select
    tasks.task_key,
    tasks.label_count,
    label_counts.row_count
from tasks
left join label_counts on tasks.task_key = label_counts.task_key
where coalesce(label_counts.row_count, 0) <> tasks.label_count
