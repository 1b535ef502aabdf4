with tasks as (
    select * from {{ ref('fct_worker_tasks') }}
),

worker_labels as (
    select * from {{ ref('fct_worker_labels') }}
    where outcome = 'other label'
),

consensus_answers as (
    select * from {{ ref('int_consensus_answers') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

-- A golden answer judges all answers to its object; without one, they judge each other.
worker_scores as (
    select
        worker_key,
        job_kind,
        task_type,
        job_name,
        object_index,
        avg(coalesce(golden_score, peer_score)) as score
    from tasks
    where
        golden_score is not null
        or peer_score is not null
    group by
        worker_key,
        job_kind,
        task_type,
        job_name,
        object_index
),

object_scores as (
    select
        *,
        cast(count(*) over (partition by job_name, object_index) as double) as score_count,
        sum(score) over (partition by job_name, object_index) as score_sum,
        -- Rounded: of equal scores, sums leave a little more or less than 0.
        round(var_pop(score) over (partition by job_name, object_index), 12) as score_variance
    from worker_scores
),

-- How much better than the others a worker did on an object. If all were as good, any of its scores could be the
-- worker's: the variance of the difference is then known, and its mean is 0.
differences as (
    select
        worker_key,
        job_kind,
        task_type,
        score,
        (score_sum - score) / (score_count - 1) as expected_score,
        score_variance * score_count * score_count / ((score_count - 1) * (score_count - 1)) as difference_variance
    from object_scores
    where score_count >= 2
),

measured_workers as (
    select
        worker_key,
        job_kind,
        task_type,
        cast(count(*) as bigint) as scored_count,
        cast(count(case when difference_variance > 0 then 1 end) as bigint) as disputed_count,
        avg(score) as mean_score,
        avg(expected_score) as expected_score,
        avg(score - expected_score) as score_difference,
        sqrt(sum(difference_variance)) / count(*) as standard_error
    from differences
    group by
        worker_key,
        job_kind,
        task_type
),

-- Only workers with enough answers are compared, and only these say how much workers differ.
tests as (
    select
        *,
        case
            when scored_count >= {{ var('minimum_rank_count') }} and standard_error > 0
                then least(2 * {{ normal_tail('abs(score_difference) / nullif(standard_error, 0)') }}, 1)
        end as p_value,
        case when scored_count >= {{ var('minimum_rank_count') }} then score_difference end as ranked_difference,
        case when scored_count >= {{ var('minimum_rank_count') }} then standard_error end as ranked_error
    from measured_workers
),

adjusted_tests as (
    {{ adjusted_p_values('tests', ['job_kind', 'task_type']) }}
),

-- Workers are as different as their differences are, less what chance makes of these.
teams as (
    select
        job_kind,
        task_type,
        cast(count(ranked_difference) as double) as ranked_count,
        avg(ranked_difference) as team_difference,
        sum(scored_count * mean_score) / sum(scored_count) as team_score,
        var_pop(ranked_difference) * count(ranked_difference) as square_sum,
        avg(ranked_error * ranked_error) as error_variance
    from tests
    group by job_kind, task_type
),

estimates as (
    select
        adjusted_tests.*,
        teams.team_score + teams.team_difference as team_score,
        teams.team_score + adjusted_tests.score_difference as adjusted_score,
        {{ shrinkage_factor(
            'teams.ranked_count',
            'teams.square_sum',
            'teams.error_variance',
            'adjusted_tests.standard_error * adjusted_tests.standard_error'
        ) }} as shrinkage
    from adjusted_tests
    inner join teams
        on adjusted_tests.job_kind = teams.job_kind
        and adjusted_tests.task_type = teams.task_type
),

estimated_accuracies as (
    select
        consensus_answers.worker_key,
        labeling_jobs.job_kind,
        labeling_jobs.task_type,
        cast(count(*) as bigint) as estimated_count,
        round(avg(consensus_answers.right_probability), 9) as estimated_accuracy
    from consensus_answers
    inner join labeling_jobs on consensus_answers.job_name = labeling_jobs.job_name
    group by
        consensus_answers.worker_key,
        labeling_jobs.job_kind,
        labeling_jobs.task_type
),

mistakes as (
    select
        worker_key,
        job_kind,
        task_type,
        reference_label,
        label,
        cast(count(*) as bigint) as mistake_count
    from worker_labels
    group by
        worker_key,
        job_kind,
        task_type,
        reference_label,
        label
),

-- Of mistakes that are as frequent, the first in the alphabet.
ranked_mistakes as (
    select
        *,
        row_number() over (
            partition by worker_key, job_kind, task_type
            order by mistake_count desc, reference_label asc, label asc
        ) as mistake_rank
    from mistakes
),

-- Rounded, because sums of doubles end differently in another order.
final as (
    select
        estimates.worker_key,
        {{ worker_name('estimates.worker_key') }} as worker_name,
        cast(estimates.job_kind as varchar) as job_kind,
        cast(estimates.task_type as varchar) as task_type,
        estimates.scored_count,
        estimates.disputed_count,
        round(estimates.mean_score, 9) as mean_score,
        round(estimates.expected_score, 9) as expected_score,
        round(estimates.score_difference, 9) as score_difference,
        round({{ normal_low('estimates.score_difference', 'estimates.standard_error', -1) }}, 9)
            as score_difference_low,
        round({{ normal_high('estimates.score_difference', 'estimates.standard_error', 1) }}, 9)
            as score_difference_high,
        case
            when estimates.shrinkage is not null
                then round(
                    least(greatest(
                        estimates.team_score
                        + estimates.shrinkage * (estimates.adjusted_score - estimates.team_score),
                        0
                    ), 1),
                    9
                )
        end as shrunken_score,
        round(estimates.adjusted_p_value, 9) as adjusted_p_value,
        case
            when estimates.scored_count < {{ var('minimum_rank_count') }} then 'too few'
            when estimates.adjusted_p_value <= {{ var('flag_false_discovery_share') }}
                then case when estimates.score_difference > 0 then 'above' else 'below' end
            else 'within'
        end as tier,
        coalesce(estimated_accuracies.estimated_count, 0) as estimated_count,
        estimated_accuracies.estimated_accuracy,
        {{ wilson_low('estimated_accuracies.estimated_accuracy', 'estimated_accuracies.estimated_count') }}
            as estimated_accuracy_low,
        {{ wilson_high('estimated_accuracies.estimated_accuracy', 'estimated_accuracies.estimated_count') }}
            as estimated_accuracy_high,
        ranked_mistakes.reference_label as worst_label,
        ranked_mistakes.label as worst_label_given,
        ranked_mistakes.mistake_count as worst_label_count
    from estimates
    left join estimated_accuracies
        on estimates.worker_key = estimated_accuracies.worker_key
        and estimates.job_kind = estimated_accuracies.job_kind
        and estimates.task_type = estimated_accuracies.task_type
    left join ranked_mistakes
        on estimates.worker_key = ranked_mistakes.worker_key
        and estimates.job_kind = ranked_mistakes.job_kind
        and estimates.task_type = ranked_mistakes.task_type
        and ranked_mistakes.mistake_rank = 1
)

select * from final
