-- Each report on workers counts every task once, with its labels and scores. Without it, a task without a day, a
-- modality or a worker is missing from one report, and two reports disagree on the same work.
{%- set measured = "sum(task_count) as task_count, sum(label_count) as label_count, "
    ~ "sum(golden_count) as golden_count, sum(consolidated_count) as consolidated_count, "
    ~ "sum(aws_notebook_count) as aws_notebook_count, sum(peer_count) as peer_count" %}

with tasks as (
    select
        'fct_worker_tasks' as report,
        count(*) as task_count,
        sum(label_count) as label_count,
        count(golden_score) as golden_count,
        count(consolidated_score) as consolidated_count,
        count(aws_notebook_score) as aws_notebook_count,
        count(peer_score) as peer_count
    from {{ ref('fct_worker_tasks') }}
),

reports as (
    {% for report in ['rpt_workers', 'rpt_worker_jobs', 'rpt_worker_days'] -%}
        select
            '{{ report }}' as report,
            {{ measured }}
        from {{ ref(report) }}
        union all
    {% endfor -%}
    select
        'rpt_team, all' as report,
        {{ measured }}
    from {{ ref('rpt_team') }}
    where modality = 'all'
    union all
    select
        'rpt_team, modalities' as report,
        {{ measured }}
    from {{ ref('rpt_team') }}
    where modality <> 'all'
)

select reports.*
from reports
cross join tasks
where
    coalesce(reports.task_count, 0) <> tasks.task_count
    or reports.label_count is distinct from tasks.label_count
    or coalesce(reports.golden_count, 0) <> tasks.golden_count
    or coalesce(reports.consolidated_count, 0) <> tasks.consolidated_count
    or coalesce(reports.aws_notebook_count, 0) <> tasks.aws_notebook_count
    or coalesce(reports.peer_count, 0) <> tasks.peer_count
