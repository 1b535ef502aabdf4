{%- set references = {'golden': 'golden_score', 'consolidated': 'consolidated_score', 'peers': 'peer_score'} -%}

with tasks as (
    select * from {{ ref('fct_worker_tasks') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

reference_names (reference) as (
    values
    {%- for reference in references %}
        ('{{ reference }}'){{ ',' if not loop.last }}
    {%- endfor %}
),

scores as (
    select
        tasks.job_name,
        tasks.worker_key,
        reference_names.reference,
        tasks.submitted_at,
        tasks.object_index,
        case reference_names.reference
            {%- for reference, score in references.items() %}
                when '{{ reference }}' then tasks.{{ score }}
            {%- endfor %}
        end as score
    from tasks
    cross join reference_names
    where tasks.submitted_at is not null
),

known_scores as (
    select * from scores
    where score is not null
),

{{ control_chart('known_scores', ['job_name', 'worker_key', 'reference']) }},

-- What the others reached on the same day: if they fell too, it is the objects.
compared_days as (
    select
        *,
        cast(
            sum(score_count) over (partition by job_name, reference, submitted_date) - score_count as bigint
        ) as others_score_count,
        sum(score_sum) over (partition by job_name, reference, submitted_date) - score_sum as others_score_sum
    from chart_days
),

final as (
    select
        compared_days.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        compared_days.worker_key,
        {{ worker_name('compared_days.worker_key') }} as worker_name,
        cast(compared_days.reference as varchar) as reference,
        compared_days.submitted_date,
        compared_days.score_count,
        compared_days.score_share,
        compared_days.center_share,
        compared_days.lower_limit,
        compared_days.upper_limit,
        compared_days.others_score_count,
        round({{ safe_divide('compared_days.others_score_sum', 'compared_days.others_score_count') }}, 9)
            as others_score_share,
        compared_days.point_count,
        compared_days.cusum,
        compared_days.cusum_limit,
        compared_days.false_alarm_share,
        compared_days.is_signal,
        compared_days.unchanged_until_date
    from compared_days
    inner join labeling_jobs on compared_days.job_name = labeling_jobs.job_name
)

select * from final
