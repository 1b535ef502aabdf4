{#-
  Formulas: metrics.md of the project's documentation. Of each statistic, its value without each unit gives the jackknife's
  standard error; Gwet's is the linearized one.
-#}
{%- set scope = "partition by job_name, label" -%}
{%- set jackknifed = ['percent_agreement', 'fleiss_kappa', 'krippendorff_alpha'] -%}

with agreement_units as (
    select * from {{ ref('int_agreement_units') }}
),

class_answers as (
    select * from {{ ref('int_class_answers') }}
),

set_agreement as (
    select * from {{ ref('int_set_agreement') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

worker_counts as (
    select
        job_name,
        cast(count(distinct worker_key) as bigint) as worker_count
    from class_answers
    group by job_name
),

units as (
    select
        *,
        answer_count >= 2 as is_paired,
        case when answer_count >= 2 then weight else 0 end as paired_weight,
        -- Pairs of the unit's answers that agree, and disagreements that each answer has with the others.
        case when answer_count >= 2 then (squares - answer_count) / (answer_count * (answer_count - 1)) else 0 end
            as agreeing_share,
        case when answer_count >= 2 then (answer_count * answer_count - squares) / (answer_count - 1) else 0 end
            as disagreements,
        -- What is left of the totals without the unit.
        paired_count - answer_count as other_paired_count,
        total_squares - 2 * cross_products + squares as other_total_squares
    from agreement_units
),

totals as (
    select
        *,
        sum(weight) over ({{ scope }}) as unit_count,
        sum(paired_weight) over ({{ scope }}) as paired_unit_count,
        sum(paired_weight * agreeing_share) over ({{ scope }}) as total_agreeing_share,
        sum(paired_weight * disagreements) over ({{ scope }}) as total_disagreements
    from units
),

-- Chance agreement is 1 if all answers are of one class: nothing can be said then.
shares as (
    select
        *,
        total_agreeing_share / nullif(paired_unit_count, 0) as percent_agreement,
        total_squares / nullif(paired_count * paired_count, 0) as chance_agreement,
        class_variances / nullif(class_count - 1, 0) as gwet_chance_agreement,
        (total_agreeing_share - agreeing_share) / nullif(paired_unit_count - 1, 0) as percent_agreement_without,
        other_total_squares / nullif(other_paired_count * other_paired_count, 0) as chance_agreement_without
    from totals
),

statistics as (
    select
        *,
        (percent_agreement - chance_agreement) / nullif(1 - chance_agreement, 0) as fleiss_kappa,
        1 - (paired_count - 1) * total_disagreements / nullif(paired_count * paired_count - total_squares, 0)
            as krippendorff_alpha,
        (percent_agreement - gwet_chance_agreement) / nullif(1 - gwet_chance_agreement, 0) as gwet_ac1,
        (percent_agreement_without - chance_agreement_without) / nullif(1 - chance_agreement_without, 0)
            as fleiss_kappa_without,
        1
        - (other_paired_count - 1) * (total_disagreements - disagreements)
        / nullif(other_paired_count * other_paired_count - other_total_squares, 0) as krippendorff_alpha_without
    from shares
),

deviations as (
    select
        *,
        {%- for statistic in jackknifed %}
            {{ statistic }}_without
            - sum(paired_weight * {{ statistic }}_without) over ({{ scope }})
            / nullif(paired_unit_count, 0) as {{ statistic }}_deviation,
        {%- endfor %}
        case
            when is_paired
                then (agreeing_share - gwet_chance_agreement) * unit_count / nullif(paired_unit_count, 0)
            else 0
        end / nullif(1 - gwet_chance_agreement, 0)
        - 2 * (1 - gwet_ac1)
        * (other_shares / answer_count / nullif(class_count - 1, 0) - gwet_chance_agreement)
        / nullif(1 - gwet_chance_agreement, 0)
        - gwet_ac1 as gwet_ac1_deviation
    from statistics
),

-- All rows of a scope have the same value of what was computed over it.
measures as (
    select
        job_name,
        label,
        max(unit_count) as unit_count,
        max(paired_unit_count) as paired_unit_count,
        max(paired_count) as paired_count,
        max(label_answer_count) as label_answer_count,
        {%- for statistic in jackknifed %}
            max({{ statistic }}) as {{ statistic }},
            -- NULL if a unit's absence leaves answers of one class, or one unit: chance has no value then.
            case
                when
                    max(paired_unit_count) >= {{ 2 if statistic == 'percent_agreement' else 3 }}
                    and count(case when paired_weight > 0 and {{ statistic }}_without is null then 1 end) = 0
                    then sqrt(
                        (max(paired_unit_count) - 1) / max(paired_unit_count)
                        * sum(paired_weight * {{ statistic }}_deviation * {{ statistic }}_deviation)
                    )
            end as {{ statistic }}_error,
        {%- endfor %}
        max(gwet_ac1) as gwet_ac1,
        case
            when max(unit_count) >= 2
                then sqrt(
                    sum(weight * gwet_ac1_deviation * gwet_ac1_deviation)
                    / (max(unit_count) * (max(unit_count) - 1))
                )
        end as gwet_ac1_error
    from deviations
    group by job_name, label
),

-- Trino inlines what is read several times, so the statistics become rows by a join.
statistic_names as (
    {%- for statistic in jackknifed + ['gwet_ac1'] %}
        select '{{ statistic }}' as statistic
        {%- if not loop.last %}
            union all
        {%- endif %}
    {%- endfor %}
),

long_measures as (
    select
        measures.job_name,
        measures.label,
        statistic_names.statistic,
        case statistic_names.statistic
            {%- for statistic in jackknifed + ['gwet_ac1'] %}
                when '{{ statistic }}' then measures.{{ statistic }}
            {%- endfor %}
        end as estimate,
        case statistic_names.statistic
            {%- for statistic in jackknifed + ['gwet_ac1'] %}
                when '{{ statistic }}' then measures.{{ statistic }}_error
            {%- endfor %}
        end as standard_error,
        measures.paired_unit_count,
        measures.paired_count,
        measures.label_answer_count
    from measures
    cross join statistic_names
    where measures.paired_unit_count > 0
),

all_measures as (
    select
        long_measures.job_name,
        'class' as shape,
        long_measures.label,
        long_measures.statistic,
        long_measures.estimate,
        long_measures.standard_error,
        long_measures.paired_unit_count as object_count,
        long_measures.paired_count as answer_count,
        long_measures.label_answer_count,
        worker_counts.worker_count,
        cast(null as bigint) as chance_pair_count
    from long_measures
    inner join worker_counts on long_measures.job_name = worker_counts.job_name
    union all
    select
        job_name,
        shape,
        cast(null as varchar) as label,
        statistic,
        estimate,
        standard_error,
        object_count,
        answer_count,
        cast(null as double) as label_answer_count,
        worker_count,
        chance_pair_count
    from set_agreement
),

-- Rounded, because sums of doubles end differently in another order.
final as (
    select
        all_measures.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        cast(all_measures.shape as varchar) as shape,
        all_measures.label,
        cast(all_measures.statistic as varchar) as statistic,
        round(all_measures.estimate, 9) as estimate,
        round(all_measures.standard_error, 9) as standard_error,
        round({{ normal_low('all_measures.estimate', 'all_measures.standard_error', -1) }}, 9) as estimate_low,
        round({{ normal_high('all_measures.estimate', 'all_measures.standard_error', 1) }}, 9) as estimate_high,
        cast(all_measures.object_count as bigint) as object_count,
        cast(all_measures.answer_count as bigint) as answer_count,
        cast(all_measures.label_answer_count as bigint) as label_answer_count,
        all_measures.worker_count,
        all_measures.chance_pair_count
    from all_measures
    inner join labeling_jobs on all_measures.job_name = labeling_jobs.job_name
)

select * from final
