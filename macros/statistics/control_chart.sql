{# Standard deviations that a CUSUM lets pass at each point, and beyond which it signals: the usual choice. #}
{% macro cusum_allowance() -%} 0.5e0 {%- endmacro %}


{% macro cusum_limit() -%} 5e0 {%- endmacro %}


{#
  A select statement that adds the one-sided cusum of a deviation to a relation, max(0, the one before + deviation -
  allowance): the running sum less its running minimum. A row without a deviation leaves it as it was.
#}
{% macro cusum(relation_name, columns, order_columns, deviation='deviation', allowance=none) -%}
    {%- set running -%}
        over (partition by {{ columns | join(', ') }} order by {{ order_columns | join(', ') }})
    {%- endset -%}
    {%- set allowance = cusum_allowance() if allowance is none else allowance -%}
    select
        *,
        running_deviation - least(min(running_deviation) {{ running }}, 0) as cusum
    from (
        select
            *,
            sum(coalesce({{ deviation }} - {{ allowance }}, 0)) {{ running }} as running_deviation
        from {{ relation_name }}
    ) as running_deviations
{%- endmacro %}


{# Mean number of points until a CUSUM signals, if the mean is off by so many standard deviations (Siegmund 1985). #}
{% macro cusum_run_length(shift) -%}
    {%- set drift = '(' ~ shift ~ ' - ' ~ cusum_allowance() ~ ')' -%}
    {%- set height = '(' ~ cusum_limit() ~ ' + 1.166e0)' -%}
    ((exp(-2 * {{ drift }} * {{ height }}) + 2 * {{ drift }} * {{ height }} - 1) / (2 * {{ drift }} * {{ drift }}))
{%- endmacro %}


{# Run lengths are nearly exponential: the chance of a signal within so many points, if nothing changes. #}
{% macro cusum_false_alarm_share(point_count) -%}
    (1 - exp(-{{ point_count }} / {{ cusum_run_length(0) }}))
{%- endmacro %}


{#
  How far a share is above the one before, in standard deviations: the root of the deviance of the two by two counts. A
  quarter of an event is taken from the later ones, half of what would make false alarms impossible and small rises
  invisible. No event at all is 3 below.
#}
{% macro rise_deviate(events, trials, earlier_events, earlier_trials) -%}
    {%- set a, c = '(' ~ events ~ ' - 0.25e0)', '(' ~ earlier_events ~ ' + 0.25e0)' -%}
    {%- set b, d = '(' ~ trials ~ ' - ' ~ a ~ ')', '(' ~ earlier_trials ~ ' - ' ~ c ~ ')' -%}
    {%- set all_trials = '(' ~ trials ~ ' + ' ~ earlier_trials ~ ')' -%}
    {%- set share = '((' ~ events ~ ' + ' ~ earlier_events ~ ') / nullif(' ~ all_trials ~ ', 0))' -%}
    {%- set terms = [] -%}
    {%- for count, size, expected_share in [
        (a, trials, share), (b, trials, '(1 - ' ~ share ~ ')'),
        (c, earlier_trials, share), (d, earlier_trials, '(1 - ' ~ share ~ ')'),
    ] -%}
        {#- DuckDB may compute what another branch of a CASE is for: no logarithm is of 0 or less. -#}
        {%- do terms.append(
            'greatest(' ~ count ~ ', 0) * ln(greatest(coalesce(' ~ count ~ ' / nullif(' ~ size ~ ' * ' ~ expected_share
            ~ ', 0), 0), 1e-300))'
        ) -%}
    {%- endfor -%}
    {%- set root = 'sqrt(2 * greatest(' ~ terms | join(' + ') ~ ', 0))' -%}
    case
        when {{ events }} + {{ earlier_events }} + {{ all_trials }} is null then null
        when {{ events }} <= 0.25e0 then -3e0
        when {{ a }} >= {{ trials }} * {{ share }} then {{ root }}
        else greatest(-{{ root }}, -3e0)
    end
{%- endmacro %}


{#
  Common table expressions <chart>_…, from a relation of scores, 0 to 1, to <chart>_days: of each chart and day the scores,
  the limits of a p-chart, and the CUSUM of a fall at the end of the day.

  The points of the CUSUM are 20 scores each, in order of time: days of few scores would make it signal by chance. Each
  is compared with all scores before it, so the center holds no change to come, and its uncertainty counts. Scores that
  vary less than right and wrong do count for as many more as that makes.

  Args:
    scores: relation with the columns, submitted_at, object_index and score, which is never NULL.
    columns: what a chart is of.
#}
{% macro control_chart(scores, columns, chart='chart') -%}
    {%- set batch_size = 20 -%}
    {%- set of_chart = 'partition by ' ~ columns | join(', ') -%}
    {%- set running = of_chart ~ ' order by batch_no' -%}
    {{ chart }}_numbered as (
        select
            {{ columns | join(', ') }},
            cast(submitted_at as date) as submitted_date,
            score,
            (row_number() over ({{ of_chart }} order by submitted_at, object_index) - 1) / {{ batch_size }} as batch_no
        from {{ scores }}
    ),

    {{ chart }}_parts as (
        select
            {{ columns | join(', ') }},
            submitted_date,
            batch_no,
            cast(count(*) as double) as score_count,
            sum(score) as score_sum,
            sum(score * score) as square_sum
        from {{ chart }}_numbered
        group by {{ columns | join(', ') }}, submitted_date, batch_no
    ),

    {{ chart }}_sums as (
        select
            *,
            sum(score_count) over ({{ of_chart }}, submitted_date) as day_count,
            sum(score_sum) over ({{ of_chart }}, submitted_date) as day_sum,
            sum(score_count) over ({{ of_chart }}, batch_no) as batch_count,
            sum(score_sum) over ({{ of_chart }}, batch_no) as batch_sum,
            sum(score_count) over ({{ running }}) as running_count,
            sum(score_sum) over ({{ running }}) as running_sum,
            sum(score_sum) over ({{ of_chart }}) / sum(score_count) over ({{ of_chart }}) as center,
            sum(square_sum) over ({{ of_chart }}) / sum(score_count) over ({{ of_chart }}) as mean_square,
            submitted_date = max(submitted_date) over ({{ of_chart }}, batch_no) as is_batch_end,
            batch_no = max(batch_no) over ({{ of_chart }}, submitted_date) as is_day_end
        from {{ chart }}_parts
    ),

    {{ chart }}_spreads as (
        select
            *,
            -- Rounded, because of scores that are all alike sums leave almost nothing.
            round(mean_square - center * center, 12) as variance,
            nullif(round(mean_square - center * center, 12), 0) / nullif(center * (1 - center), 0) as dispersion,
            is_batch_end and batch_count = {{ batch_size }} as is_complete
        from {{ chart }}_sums
    ),

    {{ chart }}_points as (
        select
            *,
            is_complete and batch_no > 0 as is_point,
            case
                when is_complete and batch_no > 0 and dispersion is not null
                    then {{ rise_deviate(
                        '((batch_count - batch_sum) / dispersion)',
                        '(batch_count / dispersion)',
                        '((running_count - batch_count - running_sum + batch_sum) / dispersion)',
                        '((running_count - batch_count) / dispersion)'
                    ) }}
            end as deviation
        from {{ chart }}_spreads
    ),

    {{ chart }}_cusums as (
        {{ cusum(chart ~ '_points', columns, ['batch_no', 'submitted_date']) }}
    ),

    {{ chart }}_states as (
        select
            *,
            count(case when is_point then 1 end) over ({{ running }}, submitted_date) as point_count,
            max(case when is_complete and cusum = 0 then submitted_date end) over ({{ running }}, submitted_date)
                as last_zero_date
        from {{ chart }}_cusums
    ),

    {{ chart }}_days as (
        select
            {{ columns | join(', ') }},
            submitted_date,
            cast(day_count as bigint) as score_count,
            day_sum as score_sum,
            round(day_sum / day_count, 9) as score_share,
            round(center, 9) as center_share,
            round(greatest(center - 3 * sqrt(greatest(variance, 0) / day_count), 0), 9) as lower_limit,
            round(least(center + 3 * sqrt(greatest(variance, 0) / day_count), 1), 9) as upper_limit,
            cast(point_count as bigint) as point_count,
            case when point_count > 0 then round(cusum, 9) end as cusum,
            {{ cusum_limit() }} as cusum_limit,
            case when point_count > 0 then round({{ cusum_false_alarm_share('point_count') }}, 9) end
                as false_alarm_share,
            case when point_count > 0 then cusum > {{ cusum_limit() }} end as is_signal,
            case when point_count > 0 and cusum > 0 then last_zero_date end as unchanged_until_date
        from {{ chart }}_states
        where is_day_end
    )
{%- endmacro %}
