{#-
  Krippendorff's alpha with a distance: one less the disagreement seen, of that which chance gives. Its value without each
  object gives the jackknife's standard error.
-#}
{%- set scope = "partition by job_name, statistic" -%}
{%- set distances = {
    'krippendorff_alpha_jaccard': 'jaccard_distance',
    'krippendorff_alpha_masi': 'masi_distance',
    'krippendorff_alpha_f1': 'f1_distance'
} -%}

with answers as (
    select * from {{ ref('int_agreement_answers') }}
    where
        not is_single_class
        and object_answer_count >= 2
),

comparisons as (
    select * from {{ ref('int_answer_comparisons') }}
    where
        reference_kind = 'answer'
        and score is not null
),

chance_distances as (
    select * from {{ ref('int_chance_distances') }}
),

statistic_names as (
    select 'mean_score' as statistic
    {%- for statistic in distances %}
        union all
        select '{{ statistic }}' as statistic
    {%- endfor %}
),

worker_counts as (
    select
        job_name,
        cast(count(distinct worker_key) as bigint) as worker_count
    from answers
    group by job_name
),

compared_answers as (
    select
        comparisons.job_name,
        comparisons.object_index,
        one_answers.shape,
        one_answers.object_answer_count,
        1 - comparisons.score as score_distance,
        {{ set_distance(
            'comparisons.match_count', 'one_answers.member_count', 'other_answers.member_count', 'masi'
        ) }} as masi_distance
    from comparisons
    inner join answers as one_answers
        on comparisons.job_name = one_answers.job_name
        and comparisons.object_index = one_answers.object_index
        and comparisons.reference_set_key = one_answers.label_set_key
    inner join answers as other_answers
        on comparisons.job_name = other_answers.job_name
        and comparisons.object_index = other_answers.object_index
        and comparisons.answer_set_key = other_answers.label_set_key
),

-- What an object's answers differ by, as a mean over their pairs. Of shapes, the distance is that of F1.
objects as (
    select
        compared_answers.job_name,
        compared_answers.shape,
        compared_answers.object_index,
        statistic_names.statistic,
        cast(max(compared_answers.object_answer_count) as double) as answer_count,
        avg(
            case statistic_names.statistic
                when 'krippendorff_alpha_masi' then compared_answers.masi_distance
                else compared_answers.score_distance
            end
        ) as distance
    from compared_answers
    cross join statistic_names
    where
        statistic_names.statistic = 'mean_score'
        or (compared_answers.shape = 'class' and statistic_names.statistic <> 'krippendorff_alpha_f1')
        or (
            compared_answers.shape not in ('class', 'polygon', 'polyline', 'mask')
            and statistic_names.statistic = 'krippendorff_alpha_f1'
        )
    group by
        compared_answers.job_name,
        compared_answers.shape,
        compared_answers.object_index,
        statistic_names.statistic
),

statistic_distances as (
    select
        chance_distances.job_name,
        chance_distances.object_index,
        chance_distances.other_object_index,
        statistic_names.statistic,
        case statistic_names.statistic
            {%- for statistic, distance in distances.items() %}
                when '{{ statistic }}' then chance_distances.{{ distance }}
            {%- endfor %}
        end as distance
    from chance_distances
    cross join statistic_names
    where statistic_names.statistic <> 'mean_score'
),

-- Pairs by chance that an object's answers are in; a pair of one object's own answers is in it once.
pairs_of_objects as (
    select
        job_name,
        statistic,
        object_index,
        distance
    from statistic_distances
    union all
    select
        job_name,
        statistic,
        other_object_index as object_index,
        distance
    from statistic_distances
    where object_index <> other_object_index
),

chance_of_objects as (
    select
        job_name,
        statistic,
        object_index,
        cast(count(*) as double) as pair_count,
        sum(distance) as distance_sum
    from pairs_of_objects
    group by job_name, statistic, object_index
),

chance_of_jobs as (
    select
        job_name,
        statistic,
        cast(count(*) as double) as pair_count,
        sum(distance) as distance_sum
    from statistic_distances
    group by job_name, statistic
),

units as (
    select
        objects.job_name,
        objects.shape,
        objects.statistic,
        objects.answer_count,
        objects.distance,
        objects.answer_count * objects.distance as disagreements,
        chance_of_jobs.pair_count as chance_pair_count,
        chance_of_jobs.distance_sum / chance_of_jobs.pair_count as chance_distance,
        (chance_of_jobs.distance_sum - coalesce(chance_of_objects.distance_sum, 0))
        / nullif(chance_of_jobs.pair_count - coalesce(chance_of_objects.pair_count, 0), 0) as chance_distance_without
    from objects
    left join chance_of_jobs
        on objects.job_name = chance_of_jobs.job_name
        and objects.statistic = chance_of_jobs.statistic
    left join chance_of_objects
        on objects.job_name = chance_of_objects.job_name
        and objects.statistic = chance_of_objects.statistic
        and objects.object_index = chance_of_objects.object_index
),

totals as (
    select
        *,
        cast(count(*) over ({{ scope }}) as double) as object_count,
        sum(answer_count) over ({{ scope }}) as total_answer_count,
        sum(distance) over ({{ scope }}) as total_distance,
        sum(disagreements) over ({{ scope }}) as total_disagreements
    from units
),

-- A sum less one of its terms ends with an error of rounding: what is nearly 0 is 0. If chance gives no disagreement,
-- all answers are alike, and nothing can be said.
statistics as (
    select
        *,
        case statistic
            when 'mean_score' then 1 - total_distance / object_count
            else 1 - total_disagreements / total_answer_count / nullif(chance_distance, 0)
        end as estimate,
        case statistic
            when 'mean_score' then 1 - (total_distance - distance) / nullif(object_count - 1, 0)
            else
                1
                - (total_disagreements - disagreements) / nullif(total_answer_count - answer_count, 0)
                / case when chance_distance_without > 0.000000001 then chance_distance_without end
        end as estimate_without
    from totals
),

deviations as (
    select
        *,
        estimate_without - avg(estimate_without) over ({{ scope }}) as deviation
    from statistics
),

measures as (
    select
        job_name,
        shape,
        statistic,
        max(estimate) as estimate,
        -- NULL if an object's absence leaves answers that are all alike, or one object: chance has no value then.
        case
            when
                max(object_count) >= case when statistic = 'mean_score' then 2 else 3 end
                and count(estimate_without) = count(*)
                then sqrt((max(object_count) - 1) / max(object_count) * sum(deviation * deviation))
        end as standard_error,
        max(object_count) as object_count,
        max(total_answer_count) as answer_count,
        cast(max(chance_pair_count) as bigint) as chance_pair_count
    from deviations
    group by job_name, shape, statistic
),

agreement as (
    select
        measures.*,
        worker_counts.worker_count
    from measures
    inner join worker_counts on measures.job_name = worker_counts.job_name
)

select * from agreement
