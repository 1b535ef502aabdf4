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
    cast(sum(label_count) as bigint) as label_count,
    sum(time_spent_seconds) as total_time_seconds,
    min(time_spent_seconds) as min_time_seconds,
    avg(time_spent_seconds) as mean_time_seconds,
    {{ percentile('time_spent_seconds', 'time_rank', 'time_count', 0.5) }} as p50_time_seconds,
    {{ percentile('time_spent_seconds', 'time_rank', 'time_count', 0.95) }} as p95_time_seconds,
    max(time_spent_seconds) as max_time_seconds,
    count(golden_score) as golden_count,
    avg(golden_score) as golden_accuracy,
    {{ wilson_low('avg(golden_score)', 'count(golden_score)') }} as golden_accuracy_low,
    {{ wilson_high('avg(golden_score)', 'count(golden_score)') }} as golden_accuracy_high,
    count(consolidated_score) as consolidated_count,
    avg(consolidated_score) as consolidated_agreement,
    {{ wilson_low('avg(consolidated_score)', 'count(consolidated_score)') }} as consolidated_agreement_low,
    {{ wilson_high('avg(consolidated_score)', 'count(consolidated_score)') }} as consolidated_agreement_high,
    count(peer_score) as peer_count,
    avg(peer_score) as peer_agreement,
    {{ safe_divide(
        '3600 * sum(case when time_spent_seconds is not null then label_count end)',
        'sum(case when label_count is not null then time_spent_seconds end)'
    ) }} as labels_per_hour,
    min(submitted_at) as first_submitted_at,
    max(submitted_at) as last_submitted_at
{%- endmacro %}
