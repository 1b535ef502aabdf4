with class_answers as (
    select * from {{ ref('int_class_answers') }}
),

golden_classes as (
    select * from {{ ref('int_golden_classes') }}
),

consolidated_classes as (
    select * from {{ ref('int_consolidated_classes') }}
),

set_confusions as (
    select * from {{ ref('int_label_set_confusions') }}
),

label_changes as (
    select * from {{ ref('int_label_changes') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

reference_classes as (
    select
        job_name,
        object_index,
        cast(null as varchar) as worker_key,
        'golden' as reference,
        label
    from golden_classes
    union all
    select
        job_name,
        object_index,
        cast(null as varchar) as worker_key,
        'consolidated' as reference,
        label
    from consolidated_classes
    union all
    select
        job_name,
        object_index,
        worker_key,
        'peers' as reference,
        label
    from class_answers
),

-- Among peers each pair of workers comes twice, each the reference of the other once.
class_confusions as (
    select
        class_answers.job_name,
        reference_classes.reference,
        reference_classes.label as reference_label,
        class_answers.label as given_label,
        cast(count(*) as bigint) as answer_count
    from class_answers
    inner join reference_classes
        on class_answers.job_name = reference_classes.job_name
        and class_answers.object_index = reference_classes.object_index
        and (reference_classes.worker_key is null or class_answers.worker_key <> reference_classes.worker_key)
    group by
        class_answers.job_name,
        reference_classes.reference,
        reference_classes.label,
        class_answers.label
),

-- Of an adjustment, the labels before are given, and those after are the reference.
adjustment_confusions as (
    select
        job_name,
        'audit' as reference,
        coalesce(label_after, '(none)') as reference_label,
        coalesce(label, '(none)') as given_label,
        cast(count(*) as bigint) as answer_count
    from label_changes
    group by
        job_name,
        coalesce(label_after, '(none)'),
        coalesce(label, '(none)')
),

confusions as (
    select * from class_confusions
    union all
    select
        job_name,
        reference,
        reference_label,
        given_label,
        answer_count
    from set_confusions
    union all
    select * from adjustment_confusions
),

shares as (
    select
        *,
        cast(
            sum(answer_count) over (partition by job_name, reference, reference_label) as bigint
        ) as reference_count
    from confusions
),

final as (
    select
        shares.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        cast(shares.reference as varchar) as reference,
        shares.reference_label,
        shares.given_label,
        shares.answer_count,
        shares.reference_count,
        {{ safe_divide('shares.answer_count', 'shares.reference_count') }} as reference_share,
        {{ wilson_low(safe_divide('shares.answer_count', 'shares.reference_count'), 'shares.reference_count') }}
            as reference_share_low,
        {{ wilson_high(safe_divide('shares.answer_count', 'shares.reference_count'), 'shares.reference_count') }}
            as reference_share_high
    from shares
    inner join labeling_jobs on shares.job_name = labeling_jobs.job_name
)

select * from final
