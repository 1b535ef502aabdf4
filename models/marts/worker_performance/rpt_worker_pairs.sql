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
        cast(count(case when is_identical then 1 end) as bigint) as identical_count
    from drawn_objects
    group by
        job_name,
        worker_key,
        other_worker_key
),

-- Rounded, because sums of doubles end differently in another order.
final as (
    select
        pair_scores.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        pair_scores.worker_key,
        {{ worker_name('pair_scores.worker_key') }} as worker_name,
        pair_scores.other_worker_key,
        {{ worker_name('pair_scores.other_worker_key') }} as other_worker_name,
        pair_scores.object_count,
        round(pair_scores.agreement, 9) as agreement,
        {{ wilson_low('round(pair_scores.agreement, 9)', 'pair_scores.object_count') }} as agreement_low,
        {{ wilson_high('round(pair_scores.agreement, 9)', 'pair_scores.object_count') }} as agreement_high,
        coalesce(kappas.class_object_count, 0) as class_object_count,
        round(kappas.cohens_kappa, 9) as cohens_kappa,
        round({{ normal_low('kappas.cohens_kappa', 'kappas.standard_error', -1) }}, 9) as cohens_kappa_low,
        round({{ normal_high('kappas.cohens_kappa', 'kappas.standard_error', 1) }}, 9) as cohens_kappa_high,
        coalesce(pair_errors.reference_object_count, 0) as reference_object_count,
        pair_errors.same_wrong_count,
        round(pair_errors.expected_same_wrong_count, 9) as expected_same_wrong_count,
        coalesce(pair_drawings.drawn_object_count, 0) as drawn_object_count,
        pair_drawings.identical_count
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
)

select * from final
