{% macro rank_tasks(tasks, columns) -%}
    select
        *,
        row_number() over (
            partition by {{ columns | join(', ') }}
            order by time_spent_seconds nulls last
        ) as time_rank,
        count(time_spent_seconds) over (partition by {{ columns | join(', ') }}) as time_count,
        row_number() over (
            partition by {{ columns | join(', ') }}, job_name, object_index
            order by submitted_at
        ) as object_rank
    from {{ tasks }}
{%- endmacro %}


{% macro worker_measures() -%}
    count(distinct job_name) as job_count,
    count(*) as task_count,
    count(case when object_rank = 1 then 1 end) as object_count,
    count(label_count) as counted_task_count,
    cast(sum(label_count) as bigint) as label_count,
    count(time_spent_seconds) as timed_task_count,
    sum(time_spent_seconds) as total_time_seconds,
    min(time_spent_seconds) as min_time_seconds,
    avg(time_spent_seconds) as mean_time_seconds,
    {{ percentile('time_spent_seconds', 'time_rank', 'time_count', 0.5) }} as p50_time_seconds,
    {{ percentile('time_spent_seconds', 'time_rank', 'time_count', 0.95) }} as p95_time_seconds,
    max(time_spent_seconds) as max_time_seconds,
    {%- for score, scored_count, mean in [
        ('golden_score', 'golden_count', 'golden_accuracy'),
        ('consolidated_score', 'consolidated_count', 'consolidated_agreement'),
        ('aws_notebook_score', 'aws_notebook_count', 'aws_notebook_agreement'),
        ('peer_score', 'peer_count', 'peer_agreement'),
    ] %}
    count({{ score }}) as {{ scored_count }},
    avg({{ score }}) as {{ mean }},
    {{ wilson_low('avg(' ~ score ~ ')', 'count(' ~ score ~ ')') }} as {{ mean }}_low,
    {{ wilson_high('avg(' ~ score ~ ')', 'count(' ~ score ~ ')') }} as {{ mean }}_high,
    {%- endfor %}
    count(case when label_count is not null then time_spent_seconds end) as paced_task_count,
    {{ safe_divide(
        '3600 * sum(case when time_spent_seconds is not null then label_count end)',
        'sum(case when label_count is not null then time_spent_seconds end)'
    ) }} as labels_per_hour,
    min(submitted_at) as first_submitted_at,
    max(submitted_at) as last_submitted_at
{%- endmacro %}
