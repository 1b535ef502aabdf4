with class_answers as (
    select * from {{ ref('int_class_answers') }}
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

golden_classes as (
    select * from {{ ref('int_golden_classes') }}
),

consolidated_classes as (
    select * from {{ ref('int_consolidated_classes') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

answer_times as (
    select
        job_name,
        object_index,
        max(submitted_at) as submitted_at
    from worker_answers
    group by job_name, object_index
),

reference_classes as (
    select
        job_name,
        object_index,
        label,
        'golden' as reference
    from golden_classes
    union all
    select
        job_name,
        object_index,
        label,
        'consolidated' as reference
    from consolidated_classes
),

-- Answers to one object go wrong together, so an object is one score: the share of its answers that agree.
scores as (
    select
        reference_classes.job_name,
        reference_classes.label,
        reference_classes.reference,
        reference_classes.object_index,
        answer_times.submitted_at,
        avg(cast(case when class_answers.label = reference_classes.label then 1 else 0 end as double)) as score
    from reference_classes
    inner join answer_times
        on reference_classes.job_name = answer_times.job_name
        and reference_classes.object_index = answer_times.object_index
    inner join class_answers
        on reference_classes.job_name = class_answers.job_name
        and reference_classes.object_index = class_answers.object_index
    where answer_times.submitted_at is not null
    group by
        reference_classes.job_name,
        reference_classes.label,
        reference_classes.reference,
        reference_classes.object_index,
        answer_times.submitted_at
),

{{ control_chart('scores', ['job_name', 'label', 'reference']) }},

final as (
    select
        chart_days.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        chart_days.label,
        cast(chart_days.reference as varchar) as reference,
        chart_days.submitted_date,
        chart_days.score_count as object_count,
        round(1 - chart_days.score_share, 9) as disagreement_share,
        round(1 - chart_days.center_share, 9) as center_share,
        round(1 - chart_days.upper_limit, 9) as lower_limit,
        round(1 - chart_days.lower_limit, 9) as upper_limit,
        chart_days.point_count,
        chart_days.cusum,
        chart_days.cusum_limit,
        chart_days.false_alarm_share,
        chart_days.is_signal,
        chart_days.unchanged_until_date
    from chart_days
    inner join labeling_jobs on chart_days.job_name = labeling_jobs.job_name
)

select * from final
