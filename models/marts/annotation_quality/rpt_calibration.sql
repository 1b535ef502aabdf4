with object_labels as (
    select * from {{ ref('int_object_labels') }}
    where
        not is_inherited
        and label_status = 'labeled'
        and label is not null
        and confidence is not null
),

golden_classes as (
    select * from {{ ref('int_golden_classes') }}
),

label_reviews as (
    select * from {{ ref('fct_label_reviews') }}
    where confidence is not null
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

judged as (
    select
        object_labels.job_name,
        case when object_labels.is_human_annotated then 'human' else 'machine' end as source,
        object_labels.confidence,
        cast(case when object_labels.label = golden_classes.label then 1 else 0 end as double) as is_right
    from object_labels
    inner join golden_classes
        on object_labels.job_name = golden_classes.job_name
        and object_labels.object_index = golden_classes.object_index
    where object_labels.is_human_annotated is not null
    union all
    select
        job_name,
        'model under review' as source,
        confidence / 100 as confidence,
        cast(case when is_correct then 1 else 0 end as double) as is_right
    from label_reviews
),

-- A bin holds its lower bound, the last one 1 too.
binned as (
    select
        *,
        least(floor(confidence * {{ var('calibration_bins') }}), {{ var('calibration_bins') }} - 1) as bin_no
    from judged
),

bins as (
    select
        job_name,
        source,
        bin_no,
        cast(count(*) as bigint) as object_count,
        avg(confidence) as mean_confidence,
        avg(is_right) as accuracy,
        sum((confidence - is_right) * (confidence - is_right)) as squared_error
    from binned
    group by
        job_name,
        source,
        bin_no
),

-- Rounded, because sums of doubles end differently in another order.
job_measures as (
    select
        *,
        round(
            sum(object_count * abs(mean_confidence - accuracy)) over (partition by job_name, source)
            / sum(object_count) over (partition by job_name, source),
            9
        ) as expected_calibration_error,
        round(
            max(abs(mean_confidence - accuracy)) over (partition by job_name, source), 9
        ) as maximum_calibration_error,
        round(
            sum(squared_error) over (partition by job_name, source)
            / sum(object_count) over (partition by job_name, source),
            9
        ) as brier_score
    from bins
),

final as (
    select
        job_measures.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        cast(job_measures.source as varchar) as source,
        cast(job_measures.bin_no as double) / {{ var('calibration_bins') }} as bin_low,
        cast(job_measures.bin_no + 1 as double) / {{ var('calibration_bins') }} as bin_high,
        job_measures.object_count,
        job_measures.mean_confidence,
        job_measures.accuracy,
        {{ wilson_low('job_measures.accuracy', 'job_measures.object_count') }} as accuracy_low,
        {{ wilson_high('job_measures.accuracy', 'job_measures.object_count') }} as accuracy_high,
        job_measures.expected_calibration_error,
        job_measures.maximum_calibration_error,
        job_measures.brier_score
    from job_measures
    inner join labeling_jobs on job_measures.job_name = labeling_jobs.job_name
)

select * from final
