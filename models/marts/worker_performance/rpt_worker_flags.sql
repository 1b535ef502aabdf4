{#-
  Each rule gives a row for each worker whom it can judge. Of a rule that is tested (is_tested), z_score or the three columns of
  a binomial are known; is_over_limit is what must be true besides.
-#}
{%- set minimum_count = var('minimum_rank_count') -%}
{%- set fault_count, fault_share = 3, 0.01 -%}
{%- set disorder_count, disorder_share = 5, 0.1 -%}
{%- set columns = [
    'job_name', 'worker_key', 'flag', 'observed', 'limit_value', 'observation_count', 'z_score', 'successes', 'trials',
    'chance', 'known_p_value', 'is_tested', 'is_over_limit', 'false_alarm_share', 'finding',
] -%}
{#- Of a rule that is no test. -#}
{%- set no_test -%}
    cast(null as double) as z_score,
        cast(null as bigint) as successes,
        cast(null as bigint) as trials,
        cast(null as double) as chance,
        cast(null as double) as known_p_value
{%- endset -%}
{%- set tested_share = 'cast(' ~ var('flag_false_discovery_share') ~ ' as double)' -%}

with labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

worker_speed as (
    select * from {{ ref('int_worker_speed') }}
),

worker_jobs as (
    select * from {{ ref('rpt_worker_jobs') }}
),

worker_pairs as (
    select * from {{ ref('rpt_worker_pairs') }}
),

worker_control as (
    select * from {{ ref('rpt_worker_control') }}
),

worker_flow as (
    select * from {{ ref('rpt_worker_flow') }}
),

time_checks as (
    select * from {{ ref('int_worker_time_checks') }}
),

speeders as (
    select
        *,
        'speeder' as flag,
        fast_score as observed,
        others_score as limit_value,
        fast_scored_count as observation_count,
        cast(null as bigint) as successes,
        cast(null as bigint) as trials,
        cast(null as double) as chance,
        cast(null as double) as known_p_value,
        fast_score < others_score as is_over_limit,
        true as is_tested,
        {{ tested_share }} as false_alarm_share,
        'answered ' || {{ number_text('fast_count') }} || ' of ' || {{ number_text('timed_count') }}
        || ' tasks in less than half of the others'' median time of '
        || {{ number_text('others_median_seconds', 1) }} || ' seconds, and scored ' || {{ percent_text('fast_score') }}
        || ' in ' || {{ number_text('fast_scored_count') }} || ' of them; the others scored '
        || {{ percent_text('others_score') }} || ' on the same objects' as finding
    from worker_speed
    where fast_scored_count >= {{ minimum_count }}
),

-- A score that is a part of 1 counts as right: the chance comes out higher, never lower.
golden_results as (
    select
        *,
        'below golden target' as flag,
        golden_accuracy as observed,
        cast({{ var('golden_accuracy_target') }} as double) as limit_value,
        golden_count as observation_count,
        cast(null as double) as z_score,
        cast(floor(round(golden_count * (1 - golden_accuracy), 6)) as bigint) as successes,
        golden_count as trials,
        cast(1 - {{ var('golden_accuracy_target') }} as double) as chance,
        cast(null as double) as known_p_value,
        golden_accuracy < {{ var('golden_accuracy_target') }} as is_over_limit,
        true as is_tested,
        {{ tested_share }} as false_alarm_share,
        'reached ' || {{ percent_text('golden_accuracy') }} || ' on ' || {{ number_text('golden_count') }}
        || ' golden objects, and the target is ' || {{ percent_text(var('golden_accuracy_target')) }} as finding
    from worker_jobs
    where golden_count >= {{ minimum_count }}
),

-- If all return alike, each task that came back is this worker's with the chance of any task that was offered.
flow_totals as (
    select
        *,
        returned_count + declined_count as fallout_count,
        cast(sum(returned_count + declined_count) over (partition by job_name) as bigint) as team_fallout_count,
        cast(sum(offered_count) over (partition by job_name) as bigint) as team_offered_count
    from worker_flow
),

flow_shares as (
    select
        *,
        {{ safe_divide('team_fallout_count - fallout_count', 'team_offered_count - offered_count') }} as others_share,
        {{ safe_divide('offered_count', 'team_offered_count') }} as offered_share
    from flow_totals
),

returns as (
    select
        *,
        'returns tasks' as flag,
        fallout_share as observed,
        2 * others_share as limit_value,
        offered_count as observation_count,
        cast(null as double) as z_score,
        fallout_count as successes,
        team_fallout_count as trials,
        offered_share as chance,
        cast(null as double) as known_p_value,
        fallout_share >= 2 * others_share as is_over_limit,
        true as is_tested,
        {{ tested_share }} as false_alarm_share,
        'returned or declined ' || {{ number_text('fallout_count') }} || ' of ' || {{ number_text('offered_count') }}
        || ' tasks (' || {{ percent_text('fallout_share') }} || '), the others ' || {{ percent_text('others_share') }}
        || ' of theirs' as finding
    from flow_shares
    where offered_count >= {{ minimum_count }}
),

-- Charts of one worker: against golden labels, and against consolidated labels or, without those, the other workers.
control_days as (
    select
        *,
        max(case when reference = 'consolidated' and point_count > 0 then 1 else 0 end) over (
            partition by job_name, worker_key
        ) as has_consolidated,
        max(case when is_signal then submitted_date end) over (
            partition by job_name, worker_key, reference
        ) as signal_date
    from worker_control
),

changes as (
    select
        *,
        max(case when submitted_date = signal_date then unchanged_until_date end) over (
            partition by job_name, worker_key, reference
        ) as change_date
    from control_days
    where
        reference <> 'peers'
        or has_consolidated = 0
),

-- The others' scores of the same days, each as often as the worker's.
charts as (
    select
        job_name,
        worker_key,
        reference,
        max(change_date) as change_date,
        max(false_alarm_share) as false_alarm_share,
        cast(sum(score_count) as bigint) as score_count,
        {%- for part, comparison in [('earlier', '<='), ('later', '>')] %}
            {{ safe_divide(
                'sum(case when submitted_date ' ~ comparison ~ ' change_date then score_count * score_share end)',
                'sum(case when submitted_date ' ~ comparison ~ ' change_date then score_count end)'
            ) }} as {{ part }}_score,
            {{ safe_divide(
                'sum(case when submitted_date ' ~ comparison ~ ' change_date then score_count * others_score_share end)',
                'sum(case when submitted_date ' ~ comparison ~ ' change_date and others_score_share is not null'
                ~ ' then score_count end)'
            ) }} as others_{{ part }}_score
            {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from changes
    group by job_name, worker_key, reference
),

-- Any of the charts may signal by chance.
ranked_charts as (
    select
        *,
        sum(false_alarm_share) over (partition by job_name, worker_key) as worker_false_alarm_share,
        row_number() over (
            partition by job_name, worker_key
            order by
                case when change_date is null then 1 else 0 end asc,
                case reference when 'golden' then 0 else 1 end asc
        ) as chart_rank
    from charts
),

falls as (
    select
        job_name,
        worker_key,
        'getting worse' as flag,
        later_score as observed,
        earlier_score as limit_value,
        score_count as observation_count,
        {{ no_test }},
        -- If the others fell half as far, it is the objects.
        later_score < earlier_score
        and earlier_score - later_score >= coalesce(2 * (others_earlier_score - others_later_score), 0)
            as is_over_limit,
        false as is_tested,
        worker_false_alarm_share as false_alarm_share,
        'scored ' || {{ percent_text('later_score') }} || ' after ' || cast(change_date as varchar) || ', and '
        || {{ percent_text('earlier_score') }} || ' before, against '
        || case reference when 'peers' then 'the other workers' else reference || ' labels' end
        || ' (' || {{ number_text('score_count') }} || ' answers)'
        || coalesce(
            '; the others scored ' || {{ percent_text('others_later_score') }} || ' and '
            || {{ percent_text('others_earlier_score') }} || ' on the same days',
            ''
        ) as finding
    from ranked_charts
    where
        chart_rank = 1
        and change_date is not null
),

-- What a pair has in common, and what the job's other pairs have: the same wrong classes, or the same drawings.
pair_shares as (
    select
        *,
        {{ safe_divide('same_wrong_count', 'reference_object_count') }} as same_wrong_share,
        {{ safe_divide('expected_same_wrong_count', 'reference_object_count') }} as expected_share,
        {{ safe_divide('identical_count', 'drawn_object_count') }} as identical_share,
        {{ safe_divide(
            'sum(identical_count) over (partition by job_name) - identical_count',
            'sum(drawn_object_count) over (partition by job_name) - drawn_object_count'
        ) }} as others_identical_share
    from worker_pairs
),

pair_findings as (
    select
        *,
        coalesce(identical_share - coalesce(others_identical_share, 0), 0)
        > coalesce(same_wrong_share - expected_share, 0) as is_drawing
    from pair_shares
    where is_too_alike
),

-- A pair is a flag of either; of several pairs of a worker, the least likely one.
members as (
    select
        *,
        worker_key as member_key,
        other_worker_key as twin_key
    from pair_findings
    union all
    select
        *,
        other_worker_key as member_key,
        worker_key as twin_key
    from pair_findings
),

ranked_members as (
    select
        *,
        row_number() over (
            partition by job_name, member_key
            order by too_alike_p_value asc, object_count desc, twin_key asc
        ) as twin_rank
    from members
),

alike_workers as (
    select
        job_name,
        member_key as worker_key,
        twin_key,
        'too alike' as flag,
        case when is_drawing then identical_share else same_wrong_share end as observed,
        case when is_drawing then coalesce(others_identical_share, 0) else expected_share end as limit_value,
        case when is_drawing then drawn_object_count else reference_object_count end as observation_count,
        cast(null as double) as z_score,
        cast(null as bigint) as successes,
        cast(null as bigint) as trials,
        cast(null as double) as chance,
        -- Adjusted for all pairs of the job already.
        too_alike_p_value as known_p_value,
        true as is_over_limit,
        false as is_tested,
        {{ tested_share }} as false_alarm_share,
        case
            when is_drawing
                then
                    'drew the same as another worker, to the last digit, on '
                    || {{ number_text('identical_count') }} || ' of ' || {{ number_text('drawn_object_count') }}
                    || ' objects; of other pairs, it is ' || {{ percent_text('coalesce(others_identical_share, 0)') }}
            else
                'gave the same wrong class as another worker to '
                || {{ number_text('same_wrong_count') }} || ' of ' || {{ number_text('reference_object_count') }}
                || ' objects; their own mistakes would give ' || {{ number_text('expected_same_wrong_count', 1) }}
        end as finding
    from ranked_members
    where twin_rank = 1
),

time_totals as (
    select
        job_name,
        worker_key,
        time_checked_count,
        time_fault_count,
        submitted_before_accepted_count,
        negative_time_count,
        longer_than_elapsed_count,
        submitted_after_the_label_was_made_count,
        overlap_checked_count,
        overlapping_count,
        log_checked_count,
        unlogged_count,
        logged_count,
        missing_count,
        log_checked_count + logged_count as compared_count,
        coalesce(unlogged_count, 0) + coalesce(missing_count, 0) as unmatched_count
    from time_checks
),

time_shares as (
    select
        *,
        {%- for found, checked in [
            ('time_fault_count', 'time_checked_count'),
            ('overlapping_count', 'overlap_checked_count'),
            ('unmatched_count', 'compared_count'),
        ] %}
            {{ safe_divide(found, checked) }} as {{ found | replace('_count', '_share') }},
            coalesce({{ safe_divide(
                'sum(' ~ found ~ ') over (partition by job_name) - ' ~ found,
                'sum(' ~ checked ~ ') over (partition by job_name) - ' ~ checked
            ) }}, 0) as others_{{ found | replace('_count', '_share') }}
            {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from time_totals
),

impossible_times as (
    select
        *,
        'impossible time' as flag,
        time_fault_share as observed,
        greatest({{ fault_share }}, 2 * others_time_fault_share) as limit_value,
        time_checked_count as observation_count,
        {{ no_test }},
        time_fault_count >= {{ fault_count }}
        and time_fault_share >= greatest({{ fault_share }}, 2 * others_time_fault_share) as is_over_limit,
        false as is_tested,
        cast(0 as double) as false_alarm_share,
        'has ' || {{ number_text('time_fault_count') }} || ' of ' || {{ number_text('time_checked_count') }}
        || ' answers with a time that cannot be right ('
        || {{ number_text('submitted_before_accepted_count') }} || ' submitted before accepted, '
        || {{ number_text('negative_time_count') }} || ' of negative time, '
        || {{ number_text('longer_than_elapsed_count') }} || ' of more active than elapsed time, '
        || {{ number_text('submitted_after_the_label_was_made_count') }} || ' submitted after the label was made)'
            as finding
    from time_shares
),

overlapping_tasks as (
    select
        *,
        'overlapping tasks' as flag,
        overlapping_share as observed,
        greatest({{ disorder_share }}, 2 * others_overlapping_share) as limit_value,
        overlap_checked_count as observation_count,
        {{ no_test }},
        overlapping_count >= {{ disorder_count }}
        and overlapping_share >= greatest({{ disorder_share }}, 2 * others_overlapping_share) as is_over_limit,
        false as is_tested,
        cast(0 as double) as false_alarm_share,
        'had ' || {{ number_text('overlapping_count') }} || ' of ' || {{ number_text('overlap_checked_count') }}
        || ' tasks still open when the next one was accepted, so that their time counts twice; '
        || 'of the others'' tasks, it is ' || {{ percent_text('others_overlapping_share') }} as finding
    from time_shares
),

log_differences as (
    select
        *,
        'log disagrees' as flag,
        unmatched_share as observed,
        greatest({{ disorder_share }}, 2 * others_unmatched_share) as limit_value,
        compared_count as observation_count,
        {{ no_test }},
        unmatched_count >= {{ disorder_count }}
        and unmatched_share >= greatest({{ disorder_share }}, 2 * others_unmatched_share) as is_over_limit,
        false as is_tested,
        cast(0 as double) as false_alarm_share,
        'has ' || {{ number_text('coalesce(unlogged_count, 0)') }} || ' of ' || {{ number_text('log_checked_count') }}
        || ' answers that the activity log lacks, and ' || {{ number_text('coalesce(missing_count, 0)') }} || ' of '
        || {{ number_text('logged_count') }} || ' submissions in the log that the output lacks' as finding
    from time_shares
),

candidates as (
    {%- for rule in [
        'speeders', 'golden_results', 'returns', 'falls', 'alike_workers', 'impossible_times', 'overlapping_tasks', 'log_differences'
    ] %}
        select
            {{ columns | join(', ') }},
            {{ 'twin_key' if rule == 'alike_workers' else 'cast(null as varchar)' }} as alike_worker_key
        from {{ rule }}
        {%- if not loop.last %}
            union all
        {%- endif %}
    {%- endfor %}
),

tests as (
    select
        *,
        case
            when z_score is not null then {{ normal_tail('z_score') }}
            when trials = 0 then 1
            else {{ binomial_tail('successes', 'trials', 'chance') }}
        end as p_value
    from candidates
),

adjusted_tests as (
    {{ adjusted_p_values('tests', ['job_name', 'flag']) }}
),

final as (
    select
        adjusted_tests.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        adjusted_tests.worker_key,
        {{ worker_name('adjusted_tests.worker_key') }} as worker_name,
        cast(adjusted_tests.flag as varchar) as flag,
        -- Not in the sentence: workers may read what is said of them, and not of whom else.
        adjusted_tests.alike_worker_key,
        case
            when adjusted_tests.alike_worker_key is not null
                then {{ worker_name('adjusted_tests.alike_worker_key') }}
        end as alike_worker_name,
        round(adjusted_tests.observed, 9) as observed,
        round(adjusted_tests.limit_value, 9) as limit_value,
        adjusted_tests.observation_count,
        round(adjusted_tests.p_value, 9) as p_value,
        round(coalesce(adjusted_tests.known_p_value, adjusted_tests.adjusted_p_value), 9) as adjusted_p_value,
        round(adjusted_tests.false_alarm_share, 9) as false_alarm_share,
        {{ worker_name('adjusted_tests.worker_key') }} || ' ' || adjusted_tests.finding || '.' as explanation
    from adjusted_tests
    inner join labeling_jobs on adjusted_tests.job_name = labeling_jobs.job_name
    where
        adjusted_tests.is_over_limit
        and (
            not adjusted_tests.is_tested
            or adjusted_tests.adjusted_p_value <= {{ var('flag_false_discovery_share') }}
        )
)

select * from final
