with labeling_jobs as (
    select * from {{ ref('dim_labeling_jobs') }}
),

tasks as (
    select * from {{ ref('fct_worker_tasks') }}
),

object_reviews as (
    select * from {{ ref('int_object_reviews') }}
    where review_no = 1
),

ranked_tasks as (
    {{ rank_tasks('tasks', ['job_name']) }}
),

-- Objects are counted by the answers whose time is known, as the hours are.
task_totals as (
    select
        job_name,
        count(distinct case when time_spent_seconds is not null then object_index end) as timed_object_count,
        {{ worker_measures() }}
    from ranked_tasks
    group by job_name
),

review_totals as (
    select
        audited_job_name as job_name,
        cast(count(*) as bigint) as audited_count,
        cast(count(case when is_accepted then 1 end) as bigint) as accepted_count
    from object_reviews
    group by audited_job_name
),

job_totals as (
    select
        labeling_jobs.*,
        coalesce(task_totals.timed_task_count, 0) as timed_answer_count,
        task_totals.total_time_seconds / 3600 as active_hours,
        task_totals.timed_object_count,
        task_totals.p50_time_seconds,
        coalesce(task_totals.golden_count, 0) as golden_count,
        task_totals.golden_accuracy,
        task_totals.golden_accuracy_low,
        task_totals.golden_accuracy_high,
        coalesce(review_totals.audited_count, 0) as audited_count,
        coalesce(review_totals.accepted_count, 0) as accepted_count
    from labeling_jobs
    left join task_totals on labeling_jobs.job_name = task_totals.job_name
    left join review_totals on labeling_jobs.job_name = review_totals.job_name
),

final as (
    select
        job_name,
        job_kind,
        audited_job_name,
        task_type,
        status,
        object_count,
        {{ safe_divide('labeled_count', 'object_count') }} as done_share,
        object_count - labeled_count as remaining_count,
        answer_count,
        worker_count,
        timed_answer_count,
        active_hours,
        {{ safe_divide('timed_object_count', 'active_hours') }} as objects_per_hour,
        p50_time_seconds as median_time_seconds,
        audited_count,
        accepted_count,
        {{ safe_divide('accepted_count', 'audited_count') }} as first_pass_yield,
        {{ wilson_low(safe_divide('accepted_count', 'audited_count'), 'audited_count') }} as first_pass_yield_low,
        {{ wilson_high(safe_divide('accepted_count', 'audited_count'), 'audited_count') }} as first_pass_yield_high,
        golden_count,
        golden_accuracy,
        golden_accuracy_low,
        golden_accuracy_high
    from job_totals
)

select * from final
