-- The formulas behind every rate and overlap, on published examples with known results. Without it, a slip in a macro
-- moves every report by a little, and nothing looks broken.
with
-- numpy's documentation of linear percentiles; Wilson intervals by statsmodels
time_sample (time_spent_seconds, time_rank) as (
    values (15, 1), (20, 2), (35, 3), (40, 4), (50, 5), (cast(null as integer), 6)
),

shares (correct_count, trial_count) as (
    values (81, 263), (0, 20), (20, 20)
),

-- the 15 p-values of Benjamini and Hochberg 1995, of which four are discoveries at 0.05; adjusted by statsmodels
p_values (comparison, p_value, expected_p_value) as (
    values
    ('paper', 0.0001, 0.0015), ('paper', 0.0004, 0.0030), ('paper', 0.0019, 0.0095), ('paper', 0.0095, 0.0356),
    ('paper', 0.0201, 0.0603), ('paper', 0.0278, 0.0639), ('paper', 0.0298, 0.0639), ('paper', 0.0344, 0.0645),
    ('paper', 0.0459, 0.0765), ('paper', 0.3240, 0.4860), ('paper', 0.4262, 0.5812), ('paper', 0.5719, 0.7149),
    ('paper', 0.6528, 0.7532), ('paper', 0.7590, 0.8132), ('paper', 1.0000, 1.0000)
),

adjusted_p_values as (
    {{ adjusted_p_values('p_values', ['comparison']) }}
),

-- Clopper and Pearson's upper ends, one-sided, by scipy, and the least samples that have an end of 0.05 and of 0.01
certificates (error_count, sample_count, expected_upper, expected_size_at_5, expected_size_at_1) as (
    values
    (0, 59, 0.0495, 59.0, 299.0), (0, 149, 0.0199, 59.0, 299.0), (1, 93, 0.05, 93.0, 473.0),
    (1, 236, 0.0199, 93.0, 473.0), (2, 124, 0.0499, 124.0, 628.0), (5, 523, 0.02, 208.0, 1049.0)
),

-- Montgomery and Runger, tables 16-3 and 16-8: concentrations around 99, an allowance of 1, and both CUSUMs
concentrations (observation, concentration, expected_upper, expected_lower) as (
    values
    (1, 102.0, 2.0, 0.0), (2, 94.8, 0.0, 3.2), (3, 98.3, 0.0, 2.9), (4, 98.4, 0.0, 2.5),
    (5, 102.0, 2.0, 0.0), (6, 98.5, 0.5, 0.0), (7, 99.0, 0.0, 0.0), (8, 97.7, 0.0, 0.3),
    (9, 100.0, 0.0, 0.0), (10, 98.1, 0.0, 0.0), (11, 101.3, 1.3, 0.0), (12, 98.7, 0.0, 0.0),
    (13, 101.1, 1.1, 0.0), (14, 98.4, 0.0, 0.0), (15, 97.0, 0.0, 1.0), (16, 96.7, 0.0, 2.3),
    (17, 100.3, 0.3, 0.0), (18, 101.4, 1.7, 0.0), (19, 97.2, 0.0, 0.8), (20, 101.0, 1.0, 0.0)
),

deviations as (
    select
        observation,
        'upper' as side,
        expected_upper as expected,
        concentration - 99 as deviation
    from concentrations
    union all
    select
        observation,
        'lower' as side,
        expected_lower as expected,
        99 - concentration as deviation
    from concentrations
),

cusums as (
    {{ cusum('deviations', ['side'], ['observation'], allowance=1) }}
),

-- hits of 18 batters in their first 45 times at bat
batters (hits) as (
    values (18), (17), (16), (15), (14), (14), (13), (12), (11), (11), (10), (10), (10), (10), (10), (9), (8), (7)
),

-- a published pair of boxes, with corners [258, 41, 606, 285] and [214, 41, 562, 285], and two that only touch
one_box (box_left, box_top, box_width, box_height) as (
    values (258.0, 41.0, 606.0 - 258.0, 285.0 - 41.0)
),

other_box (box_left, box_top, box_width, box_height) as (
    values (214.0, 41.0, 562.0 - 214.0, 285.0 - 41.0)
),

touching_box (box_left, box_top, box_width, box_height) as (
    values (606.0, 41.0, 10.0, 10.0)
),

-- small and far from 0, where the sum of an edge and a length is rounded
far_box (box_left, box_top, box_width, box_height) as (
    values (1e6, 1e6, 5e-5, 5e-5)
),

-- boxes without area that cross: no overlap instead of 0/0
flat_box (box_left, box_top, box_width, box_height) as (
    values (0.0, 5.0, 10.0, 0.0)
),

thin_box (box_left, box_top, box_width, box_height) as (
    values (5.0, 0.0, 0.0, 10.0)
),

-- a box of negative width, which would have an overlap of more than 1
turned_box (box_left, box_top, box_width, box_height) as (
    values (5.0, 0.0, -5.0, 250.0)
),

wide_box (box_left, box_top, box_width, box_height) as (
    values (-1.0, 0.0, 7.0, 100.0)
),

-- nuScenes' errors: centers 3 and 4 m apart, half the width, turned by 6 radians, which is 0.2832 the other way round
one_cuboid (center_x, center_y, cuboid_length, cuboid_width, cuboid_height, yaw) as (
    values (cast(3.0 as double), cast(4.0 as double), 4.0, 1.0, 1.0, cast(3.0 as double))
),

other_cuboid (center_x, center_y, cuboid_length, cuboid_width, cuboid_height, yaw) as (
    values (cast(0.0 as double), cast(0.0 as double), 4.0, 2.0, 1.0, cast(-3.0 as double))
),

one_span (start_offset, end_offset) as (
    values (38, 59)
),

other_span (start_offset, end_offset) as (
    values (45, 66)
),

next_span (start_offset, end_offset) as (
    values (59, 63)
),

endless_span (start_offset, end_offset) as (
    values (-9223372036854775807, 9223372036854775807)
),

results as (
    select
        'p40 of 15, 20, 35, 40, 50' as example,
        29.0 as expected,
        {{ percentile('time_spent_seconds', 'time_rank', 5, 0.4) }} as actual
    from time_sample
    union all
    select
        'p100 of the same' as example,
        50.0 as expected,
        {{ percentile('time_spent_seconds', 'time_rank', 5, 1) }} as actual
    from time_sample
    union all
    select
        'Wilson, lower end' as example,
        case correct_count when 81 then 0.2553 when 0 then 0.0 else 0.8389 end as expected,
        {{ wilson_low(safe_divide('correct_count', 'trial_count'), 'trial_count') }} as actual
    from shares
    union all
    select
        'Wilson, upper end' as example,
        case correct_count when 81 then 0.3662 when 0 then 0.1611 else 1.0 end as expected,
        {{ wilson_high(safe_divide('correct_count', 'trial_count'), 'trial_count') }} as actual
    from shares
    union all
    select
        'p-values of many tests' as example,
        expected_p_value as expected,
        adjusted_p_value as actual
    from adjusted_p_values
    union all
    select
        'discoveries of the same' as example,
        4.0 as expected,
        count(case when adjusted_p_value <= {{ var('flag_false_discovery_share') }} then 1 end) as actual
    from adjusted_p_values
    union all
    select
        -- Within 0.4 %.
        'Clopper and Pearson, upper end' as example,
        expected_upper as expected,
        case
            when
                abs({{ exact_share_upper('error_count', 'sample_count') }} - expected_upper) <= 0.004 * expected_upper
                then expected_upper
        end as actual
    from certificates
    union all
    select
        'the same of no error' as example,
        expected_upper as expected,
        {{ exact_share_upper('error_count', 'sample_count') }} as actual
    from certificates
    where error_count = 0
    union all
    -- Within 0.5 %.
    select
        'size of a sample for 0.05' as example,
        expected_size_at_5 as expected,
        case
            when
                abs({{ certificate_sample_size('error_count', 0.05) }} - expected_size_at_5)
                <= 0.005 * expected_size_at_5
                then expected_size_at_5
        end as actual
    from certificates
    union all
    select
        'size of a sample for 0.01' as example,
        expected_size_at_1 as expected,
        case
            when
                abs({{ certificate_sample_size('error_count', 0.01) }} - expected_size_at_1)
                <= 0.005 * expected_size_at_1
                then expected_size_at_1
        end as actual
    from certificates
    union all
    select
        'CUSUM' as example,
        expected,
        cusum as actual
    from cusums
    union all
    select
        'Siegmund: points until a false alarm' as example,
        938.2 as expected,
        round({{ cusum_run_length(0) }}, 1) as actual
    union all
    select
        'the same of a CUSUM on both sides' as example,
        469.1 as expected,
        round({{ cusum_run_length(0) }} / 2, 1) as actual
    union all
    select
        'points until a shift of one standard deviation is found' as example,
        10.3 as expected,
        round({{ cusum_run_length(1) }}, 1) as actual
    union all
    select
        'three of five answers: most of three, drawn without return' as example,
        0.7 as expected,
        {{ majority_chance(3, 5, 3) }} as actual
    union all
    select
        'four of five answers' as example,
        1.0 as expected,
        {{ majority_chance(4, 5, 3) }} as actual
    union all
    select
        'tables of the normal distribution: above 1.6449' as example,
        0.05 as expected,
        {{ normal_tail('1.6449e0') }} as actual
    union all
    select
        'the same: above -1.96' as example,
        0.975 as expected,
        {{ normal_tail('-1.96e0') }} as actual
    union all
    select
        'Efron and Morris (1977): how much of 18 batters'' differences is more than chance' as example,
        0.212 as expected,
        round({{ shrinkage_factor(
            'count(*)', 'var_pop(hits / 45e0) * count(*)', '0.2654e0 * 0.7346e0 / 45', '0.2654e0 * 0.7346e0 / 45'
        ) }}, 3) as actual
    from batters
    union all
    select
        'and what a batter of .400 is expected to reach' as example,
        0.294 as expected,
        round(
            avg(hits / 45e0)
            + (0.4 - avg(hits / 45e0))
            * {{ shrinkage_factor(
                'count(*)', 'var_pop(hits / 45e0) * count(*)', '0.2654e0 * 0.7346e0 / 45', '0.2654e0 * 0.7346e0 / 45'
            ) }},
            3
        ) as actual
    from batters
    union all
    select
        'overlap of boxes' as example,
        0.7755 as expected,
        {{ box_iou('one_box', 'other_box') }} as actual
    from one_box
    cross join other_box
    union all
    select
        'boxes that touch' as example,
        0.0 as expected,
        {{ box_iou('one_box', 'touching_box') }} as actual
    from one_box
    cross join touching_box
    union all
    select
        'equal boxes, small and far from 0' as example,
        1.0 as expected,
        {{ box_iou('far_box', 'equal_box') }} as actual
    from far_box
    cross join far_box as equal_box
    union all
    select
        'boxes without area' as example,
        cast(null as double) as expected,
        {{ box_iou('flat_box', 'thin_box') }} as actual
    from flat_box
    cross join thin_box
    union all
    select
        'a box of negative width' as example,
        0.0 as expected,
        {{ box_iou('turned_box', 'wide_box') }} as actual
    from turned_box
    cross join wide_box
    union all
    select
        'distance of cuboids' as example,
        5.0 as expected,
        {{ center_distance('one_cuboid', 'other_cuboid') }} as actual
    from one_cuboid
    cross join other_cuboid
    union all
    select
        'error of scale' as example,
        0.5 as expected,
        {{ scale_error('one_cuboid', 'other_cuboid') }} as actual
    from one_cuboid
    cross join other_cuboid
    union all
    select
        'error of yaw' as example,
        0.2832 as expected,
        {{ yaw_error('one_cuboid', 'other_cuboid') }} as actual
    from one_cuboid
    cross join other_cuboid
    union all
    select
        'overlap of spans' as example,
        0.5 as expected,
        {{ span_iou('one_span', 'other_span') }} as actual
    from one_span
    cross join other_span
    union all
    select
        'spans one after the other' as example,
        0.0 as expected,
        {{ span_iou('one_span', 'next_span') }} as actual
    from one_span
    cross join next_span
    union all
    select
        'spans whose length is more than a bigint' as example,
        1.0 as expected,
        {{ span_iou('endless_span', 'endless_span') }} as actual
    from endless_span
    union all
    select
        'AWS documentation: acceptance to submission' as example,
        43.13 as expected,
        {{ seconds_between(
            "cast('2018-10-03 15:52:34.347' as timestamp(3))", "cast('2018-10-03 15:53:17.477' as timestamp(3))"
        ) }} as actual
)

select * from results
where round(actual, 4) is distinct from cast(expected as double)
