{#-
  main_concern: limits beside the project's vars. Krippendorff: under 2/3, agreement is too low for any conclusion. Objects
  that failed or were left unlabeled are a concern if they are surely more than this share.
-#}
{%- set lowest_agreement = 0.667 -%}
{%- set incomplete_share = 0.05 -%}
{#- The last days before the newest one, which may not be over: how many make a forecast, and how many are enough. -#}
{%- set forecast_days, forecast_minimum_days = 7, 3 -%}

with labeling_jobs as (
    select * from {{ ref('dim_labeling_jobs') }}
),

described_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

tasks as (
    select * from {{ ref('fct_worker_tasks') }}
),

object_reviews as (
    select * from {{ ref('int_object_reviews') }}
    where review_no = 1
),

job_costs as (
    select * from {{ ref('int_labeling_job_costs') }}
),

review_costs as (
    select * from {{ ref('int_review_costs') }}
),

job_days as (
    select * from {{ ref('rpt_job_days') }}
),

agreement as (
    select * from {{ ref('rpt_agreement') }}
    where
        label is null
        and statistic in (
            'krippendorff_alpha',
            'krippendorff_alpha_f1',
            'krippendorff_alpha_jaccard',
            'mean_score',
            'percent_agreement'
        )
),

worker_flags as (
    select * from {{ ref('rpt_worker_flags') }}
),

reviewers as (
    select * from {{ ref('rpt_reviewers') }}
    where is_rubber_stamp
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

-- In alphabetical order, a statistic beyond chance comes before one without.
ranked_agreement as (
    select
        *,
        row_number() over (
            partition by job_name
            order by case when estimate is null then 1 else 0 end asc, object_count desc, statistic asc, shape asc
        ) as statistic_rank
    from agreement
),

-- Days on which nobody answered are of objects whose time ran out; if no answers are known, all days count.
numbered_days as (
    select
        *,
        max(submitted_date) over (partition by job_name) as last_date,
        row_number() over (
            partition by job_name, answer_count > 0
            order by submitted_date desc
        ) as day_number,
        sum(answer_count) over (partition by job_name) as job_answer_count
    from job_days
),

paces as (
    select
        job_name,
        cast(count(*) as double) as day_count,
        min(submitted_date) as first_date,
        avg(cast(finished_count as double)) as mean_finished_count,
        stddev_samp(cast(finished_count as double)) as finished_deviation
    from numbered_days
    where
        (answer_count > 0 or job_answer_count = 0)
        and day_number between 2 and {{ forecast_days + 1 }}
    group by job_name
),

flag_counts as (
    select
        job_name,
        flag,
        count(*) as flag_count
    from worker_flags
    group by job_name, flag
),

ranked_flags as (
    select
        *,
        row_number() over (partition by job_name order by flag_count desc, flag asc) as flag_rank
    from flag_counts
),

flagged_workers as (
    select
        job_name,
        cast(count(distinct worker_key) as bigint) as flagged_worker_count
    from worker_flags
    group by job_name
),

rubber_stamps as (
    select
        job_name,
        cast(count(*) as bigint) as rubber_stamp_count
    from reviewers
    group by job_name
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
        coalesce(review_totals.accepted_count, 0) as accepted_count,
        coalesce(ranked_agreement.object_count, 0) as agreement_object_count,
        case when ranked_agreement.estimate is not null then ranked_agreement.statistic end as agreement_statistic,
        ranked_agreement.estimate as agreement,
        ranked_agreement.estimate_low as agreement_low,
        ranked_agreement.estimate_high as agreement_high,
        coalesce(job_costs.costed_answer_count, 0) as costed_answer_count,
        job_costs.cost_currency,
        job_costs.cost_usd,
        job_costs.estimated_cost_usd,
        review_costs.review_cost_usd,
        -- The newest answer or label. Never now: a build of the same lake gives the same rows.
        case
            when labeling_jobs.last_labeled_at < task_totals.last_submitted_at then task_totals.last_submitted_at
            else coalesce(labeling_jobs.last_labeled_at, task_totals.last_submitted_at)
        end as last_worked_at,
        described_jobs.total_labeled_count + described_jobs.failed_count + described_jobs.unlabeled_count
            as described_count,
        paces.day_count,
        paces.first_date,
        paces.mean_finished_count,
        paces.finished_deviation,
        ranked_flags.flag as most_frequent_flag,
        coalesce(flagged_workers.flagged_worker_count, 0) as flagged_worker_count,
        coalesce(rubber_stamps.rubber_stamp_count, 0) as rubber_stamp_count
    from labeling_jobs
    left join described_jobs on labeling_jobs.job_name = described_jobs.job_name
    left join task_totals on labeling_jobs.job_name = task_totals.job_name
    left join review_totals on labeling_jobs.job_name = review_totals.job_name
    left join review_costs on labeling_jobs.job_name = review_costs.audited_job_name
    left join job_costs on labeling_jobs.job_name = job_costs.job_name
    left join paces on labeling_jobs.job_name = paces.job_name
    left join flagged_workers on labeling_jobs.job_name = flagged_workers.job_name
    left join rubber_stamps on labeling_jobs.job_name = rubber_stamps.job_name
    left join ranked_agreement
        on labeling_jobs.job_name = ranked_agreement.job_name
        and ranked_agreement.statistic_rank = 1
    left join ranked_flags
        on labeling_jobs.job_name = ranked_flags.job_name
        and ranked_flags.flag_rank = 1
),

-- Failed objects are not done again. The description may have objects that no file has (yet).
open_jobs as (
    select
        *,
        case
            when described_count > object_count then described_count - labeled_count - failed_count
            else unlabeled_count
        end as open_count
    from job_totals
),

-- Working days that are left at the mean pace, and days of the calendar that one of them takes.
mean_paces as (
    select
        *,
        case
            when
                open_count > 0
                and day_count >= {{ forecast_minimum_days }}
                and (status is null or status not in ('Completed', 'Failed', 'Stopping', 'Stopped'))
                then {{ safe_divide('open_count', 'mean_finished_count') }}
        end as mean_days,
        {{ seconds_between('first_date', "date_trunc('day', last_worked_at)") }} / 86400 / day_count as calendar_days
    from open_jobs
),

-- Half of the prediction interval for the mean of the days that are left, if it needs as many as the mean pace.
margins as (
    select
        *,
        2 * finished_deviation * sqrt(1 / day_count + case when mean_days > 1 then 1 / mean_days else 1 end)
            as pace_margin
    from mean_paces
),

days_to_go as (
    select
        *,
        case
            when mean_days > 0
                then round(open_count / (mean_finished_count + pace_margin) * calendar_days, 6)
        end as fewest_days,
        -- If the days differ so much, the job might never end.
        case
            when mean_days > 0 and mean_finished_count > pace_margin
                then round(open_count / nullif(mean_finished_count - pace_margin, 0) * calendar_days, 6)
        end as most_days
    from margins
),

finishes as (
    select
        *,
        {%- for days, column in [('fewest_days', 'finish_low_at'), ('most_days', 'finish_high_at')] %}
            case
                when {{ days }} <= 3650
                    then {{ dbt.dateadd('second', 'cast(round(86400 * ' ~ days ~ ') as bigint)', 'last_worked_at') }}
            end as {{ column }},
        {%- endfor %}
        {{ safe_divide('accepted_count', 'audited_count') }} as first_pass_yield,
        {{ safe_divide('failed_count', 'object_count') }} as failed_share,
        {{ safe_divide('unlabeled_count', 'object_count') }} as unlabeled_share,
        {{ safe_divide('estimated_cost_usd', 'labeled_count') }} as cost_per_label_usd
    from days_to_go
),

intervals as (
    select
        *,
        {{ wilson_low('first_pass_yield', 'audited_count') }} as first_pass_yield_low,
        {{ wilson_high('first_pass_yield', 'audited_count') }} as first_pass_yield_high,
        {{ wilson_low('failed_share', 'object_count') }} as failed_share_low,
        {{ wilson_low('unlabeled_share', 'object_count') }} as unlabeled_share_low
    from finishes
),

-- The first that is true, in one sentence.
concerns as (
    select
        *,
        case
            when status = 'Failed' then 'The job failed.'
            when
                golden_count >= {{ var('minimum_rank_count') }}
                and golden_accuracy_high < {{ var('golden_accuracy_target') }}
                then
                    'Golden accuracy is ' || {{ percent_text('golden_accuracy') }} || ' on '
                    || {{ number_text('golden_count') }} || ' answers, and the target is '
                    || {{ percent_text(var('golden_accuracy_target')) }} || '.'
            when
                audited_count >= {{ var('minimum_rank_count') }}
                and first_pass_yield_high < {{ var('golden_accuracy_target') }}
                then
                    'Reviewers accepted ' || {{ percent_text('first_pass_yield') }} || ' of '
                    || {{ number_text('audited_count') }} || ' objects as they were, and the target is '
                    || {{ percent_text(var('golden_accuracy_target')) }} || '.'
            when
                agreement_statistic like 'krippendorff_alpha%'
                and agreement_object_count >= {{ var('minimum_rank_count') }}
                and agreement_high < {{ lowest_agreement }}
                then
                    'Workers agree too little: Krippendorff''s alpha is ' || {{ number_text('agreement', 2) }}
                    || ' on ' || {{ number_text('agreement_object_count') }} || ' objects, and should be '
                    || '{{ lowest_agreement }} or more.'
            when failed_share_low > {{ incomplete_share }}
                then
                    {{ number_text('failed_count') }} || ' of ' || {{ number_text('object_count') }}
                    || ' objects failed.'
            when
                status in ('Completed', 'Stopped')
                and unlabeled_share_low > {{ incomplete_share }}
                then
                    {{ number_text('unlabeled_count') }} || ' of ' || {{ number_text('object_count') }}
                    || ' objects have no label, and the job is ' || lower(status) || '.'
            when flagged_worker_count > 0
                then
                    {{ number_text('flagged_worker_count') }} || ' of ' || {{ number_text('worker_count') }}
                    || ' workers have a flag, most often: ' || most_frequent_flag || '.'
            when rubber_stamp_count > 0
                then
                    {{ number_text('rubber_stamp_count') }} || ' of ' || {{ number_text('worker_count') }}
                    || ' reviewers let too much pass.'
        end as main_concern
    from intervals
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
        first_pass_yield,
        first_pass_yield_low,
        first_pass_yield_high,
        golden_count,
        golden_accuracy,
        golden_accuracy_low,
        golden_accuracy_high,
        agreement_statistic,
        agreement_object_count,
        agreement,
        agreement_low,
        agreement_high,
        costed_answer_count,
        cost_currency,
        round(cost_usd, 9) as cost_usd,
        round(cost_per_label_usd, 9) as cost_per_label_usd,
        -- What the reviewed objects cost, to label and to review. The others may be right too.
        round({{ safe_divide(
            'cost_per_label_usd * audited_count + review_cost_usd', 'accepted_count'
        ) }}, 9) as cost_per_accepted_label_usd,
        cast(last_worked_at as timestamp(3)) as last_worked_at,
        cast(finish_low_at as timestamp(3)) as finish_low_at,
        cast(finish_high_at as timestamp(3)) as finish_high_at,
        main_concern
    from concerns
)

select * from final
