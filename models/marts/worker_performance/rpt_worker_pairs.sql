{%- set minimum_count = var('minimum_rank_count') -%}

with comparisons as (
    select * from {{ ref('int_answer_comparisons') }}
    where
        reference_kind = 'answer'
        and score is not null
),

pair_classes as (
    select * from {{ ref('int_worker_pair_classes') }}
),

pair_errors as (
    select * from {{ ref('int_worker_pair_errors') }}
),

identical_answers as (
    select * from {{ ref('int_identical_answers') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

-- Of two workers who answered an object several times, the mean of all their pairs of answers.
object_scores as (
    select
        job_name,
        object_index,
        least(worker_key, reference_worker_key) as worker_key,
        greatest(worker_key, reference_worker_key) as other_worker_key,
        avg(score) as score
    from comparisons
    group by
        job_name,
        object_index,
        least(worker_key, reference_worker_key),
        greatest(worker_key, reference_worker_key)
),

pair_scores as (
    select
        job_name,
        worker_key,
        other_worker_key,
        cast(count(*) as bigint) as object_count,
        avg(score) as agreement
    from object_scores
    group by
        job_name,
        worker_key,
        other_worker_key
),

-- Agreement on classes that was seen, and what chance would give.
pair_agreements as (
    select
        *,
        sum(case when label = other_label then share else 0 end) over (
            partition by job_name, worker_key, other_worker_key
        ) as seen_agreement,
        -- A class counts once for each worker, however many cells it is in: the cell's part of the worker's share.
        sum(share * other_worker_share_of_label) over (
            partition by job_name, worker_key, other_worker_key
        ) as chance_agreement
    from pair_classes
),

pair_kappas as (
    select
        *,
        (seen_agreement - chance_agreement) / nullif(1 - chance_agreement, 0) as kappa
    from pair_agreements
),

-- The variance of Fleiss, Cohen and Everitt (1969).
kappas as (
    select
        job_name,
        worker_key,
        other_worker_key,
        cast(max(total_count) as bigint) as class_object_count,
        max(kappa) as cohens_kappa,
        sqrt(
            -- Rounded: of a pair that always agrees, the root of what sums leave would be an error of 1e-8.
            greatest(
                round(
                    sum(
                        case
                            when label = other_label
                                then
                                    share
                                    * (1 - (worker_share + other_worker_share) * (1 - kappa))
                                    * (1 - (worker_share + other_worker_share) * (1 - kappa))
                            else
                                share
                                * (1 - kappa) * (1 - kappa)
                                * (other_worker_share_of_label + worker_share_of_other_label)
                                * (other_worker_share_of_label + worker_share_of_other_label)
                        end
                    )
                    - (max(kappa) - max(chance_agreement) * (1 - max(kappa)))
                    * (max(kappa) - max(chance_agreement) * (1 - max(kappa))),
                    12
                ),
                0
            )
            / max(total_count)
        ) / nullif(1 - max(chance_agreement), 0) as standard_error
    from pair_kappas
    group by
        job_name,
        worker_key,
        other_worker_key
),

-- Of two workers who answered an object several times, any two answers that are identical.
drawn_objects as (
    select
        job_name,
        object_index,
        worker_key,
        other_worker_key,
        -- Spans end at the ends of words: two people who are right have the same.
        bool_or(shape <> 'span') as is_drawn_by_hand,
        bool_or(is_identical) as is_identical
    from identical_answers
    group by
        job_name,
        object_index,
        worker_key,
        other_worker_key
),

pair_drawings as (
    select
        job_name,
        worker_key,
        other_worker_key,
        cast(count(*) as bigint) as drawn_object_count,
        cast(count(case when is_identical then 1 end) as bigint) as identical_count,
        count(case when is_drawn_by_hand then 1 end) as by_hand_count,
        count(case when is_drawn_by_hand and is_identical then 1 end) as identical_by_hand_count
    from drawn_objects
    group by
        job_name,
        worker_key,
        other_worker_key
),

pairs as (
    select
        pair_scores.*,
        labeling_jobs.job_kind,
        labeling_jobs.audited_job_name,
        kappas.class_object_count,
        kappas.cohens_kappa,
        kappas.standard_error,
        pair_errors.reference_object_count,
        pair_errors.same_wrong_count,
        pair_errors.expected_same_wrong_count,
        pair_drawings.drawn_object_count,
        pair_drawings.identical_count,
        coalesce(pair_errors.reference_object_count, 0) as judged_count,
        -- Who reviews labels begins with the same ones as everybody else.
        case when labeling_jobs.job_kind = 'label' then coalesce(pair_drawings.by_hand_count, 0) else 0 end
            as by_hand_count,
        case when labeling_jobs.job_kind = 'label' then coalesce(pair_drawings.identical_by_hand_count, 0) else 0 end
            as identical_by_hand_count
    from pair_scores
    left join kappas
        on pair_scores.job_name = kappas.job_name
        and pair_scores.worker_key = kappas.worker_key
        and pair_scores.other_worker_key = kappas.other_worker_key
    left join pair_errors
        on pair_scores.job_name = pair_errors.job_name
        and pair_scores.worker_key = pair_errors.worker_key
        and pair_scores.other_worker_key = pair_errors.other_worker_key
    left join pair_drawings
        on pair_scores.job_name = pair_drawings.job_name
        and pair_scores.worker_key = pair_drawings.worker_key
        and pair_scores.other_worker_key = pair_drawings.other_worker_key
    inner join labeling_jobs on pair_scores.job_name = labeling_jobs.job_name
),

-- What the other pairs of the job have in common: hard objects mislead all of them alike.
other_pairs as (
    select
        *,
        sum(judged_count) over (partition by job_name) - judged_count as others_judged_count,
        sum(coalesce(same_wrong_count, 0)) over (partition by job_name)
        - coalesce(same_wrong_count, 0) as others_same_wrong_count,
        sum(coalesce(expected_same_wrong_count, 0)) over (partition by job_name)
        - coalesce(expected_same_wrong_count, 0) as others_expected_count,
        sum(by_hand_count) over (partition by job_name) - by_hand_count as others_by_hand_count,
        sum(identical_by_hand_count) over (partition by job_name) - identical_by_hand_count as others_identical_count
    from pairs
),

-- With one more of the same kind each, so that the few of a small job are no certainty.
factors as (
    select
        *,
        greatest((others_same_wrong_count + 1) / (greatest(others_expected_count, 0) + 1), 1e0) as hardness
    from other_pairs
),

-- The expected count is of few errors. It is held to what the others have, as if they had seen some of the objects.
chances as (
    select
        *,
        case
            when judged_count >= {{ minimum_count }} and others_judged_count > 0
                then least(
                    (
                        expected_same_wrong_count * hardness
                        + {{ minimum_count }} * (others_same_wrong_count + 0.5e0) / (others_judged_count + 1)
                    )
                    / (judged_count + {{ minimum_count }}),
                    1e0
                )
        end as same_wrong_chance,
        case
            when by_hand_count >= {{ minimum_count }} and others_by_hand_count > 0
                then (others_identical_count + 0.5e0) / (others_by_hand_count + 1)
        end as identical_chance
    from factors
),

tails as (
    select
        *,
        {{ binomial_tail('same_wrong_count', 'judged_count', 'same_wrong_chance') }} as same_wrong_tail,
        {{ binomial_tail('identical_by_hand_count', 'by_hand_count', 'identical_chance') }} as identical_tail
    from chances
),

-- If both are known, the smaller of the two counts twice.
p_values as (
    select
        *,
        case
            when identical_tail is null then same_wrong_tail
            when same_wrong_tail is null then identical_tail
            else least(2 * same_wrong_tail, 2 * identical_tail, 1e0)
        end as p_value
    from tails
),

adjusted as (
    {{ adjusted_p_values('p_values', ['job_name']) }}
),

-- Rounded, because sums of doubles end differently in another order.
final as (
    select
        adjusted.job_name,
        cast(adjusted.job_kind as varchar) as job_kind,
        adjusted.audited_job_name,
        adjusted.worker_key,
        {{ worker_name('adjusted.worker_key') }} as worker_name,
        adjusted.other_worker_key,
        {{ worker_name('adjusted.other_worker_key') }} as other_worker_name,
        adjusted.object_count,
        round(adjusted.agreement, 9) as agreement,
        {{ wilson_low('round(adjusted.agreement, 9)', 'adjusted.object_count') }} as agreement_low,
        {{ wilson_high('round(adjusted.agreement, 9)', 'adjusted.object_count') }} as agreement_high,
        coalesce(adjusted.class_object_count, 0) as class_object_count,
        round(adjusted.cohens_kappa, 9) as cohens_kappa,
        round({{ normal_low('adjusted.cohens_kappa', 'adjusted.standard_error', -1) }}, 9) as cohens_kappa_low,
        round({{ normal_high('adjusted.cohens_kappa', 'adjusted.standard_error', 1) }}, 9) as cohens_kappa_high,
        coalesce(adjusted.reference_object_count, 0) as reference_object_count,
        adjusted.same_wrong_count,
        round(adjusted.expected_same_wrong_count, 9) as expected_same_wrong_count,
        coalesce(adjusted.drawn_object_count, 0) as drawn_object_count,
        adjusted.identical_count,
        round(adjusted.adjusted_p_value, 9) as too_alike_p_value,
        adjusted.adjusted_p_value <= {{ var('flag_false_discovery_share') }} as is_too_alike
    from adjusted
)

select * from final
