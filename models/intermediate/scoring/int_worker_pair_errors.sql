with class_answers as (
    select * from {{ ref('int_class_answers') }}
),

reference_classes as (
    select * from {{ ref('int_reference_classes') }}
),

answers as (
    select
        class_answers.job_name,
        class_answers.object_index,
        class_answers.worker_key,
        class_answers.label,
        reference_classes.label as reference_label
    from class_answers
    inner join reference_classes
        on class_answers.job_name = reference_classes.job_name
        and class_answers.object_index = reference_classes.object_index
),

answer_counts as (
    select
        job_name,
        worker_key,
        reference_label,
        label,
        cast(count(*) as double) as answer_count
    from answers
    group by
        job_name,
        worker_key,
        reference_label,
        label
),

-- How often each worker gives a class to objects of another: in all objects of the worker, not only in common ones.
confusions as (
    select
        *,
        answer_count / sum(answer_count) over (partition by job_name, worker_key, reference_label) as share
    from answer_counts
),

chances as (
    select
        confusions.job_name,
        confusions.worker_key,
        other_confusions.worker_key as other_worker_key,
        confusions.reference_label,
        sum(confusions.share * other_confusions.share) as chance
    from confusions
    inner join confusions as other_confusions
        on confusions.job_name = other_confusions.job_name
        and confusions.reference_label = other_confusions.reference_label
        and confusions.label = other_confusions.label
        and confusions.worker_key < other_confusions.worker_key
    where confusions.label <> confusions.reference_label
    group by
        confusions.job_name,
        confusions.worker_key,
        other_confusions.worker_key,
        confusions.reference_label
),

pair_classes as (
    select
        answers.job_name,
        answers.worker_key,
        other_answers.worker_key as other_worker_key,
        answers.reference_label,
        count(*) as object_count,
        count(
            case when answers.label = other_answers.label and answers.label <> answers.reference_label then 1 end
        ) as same_wrong_count
    from answers
    inner join answers as other_answers
        on answers.job_name = other_answers.job_name
        and answers.object_index = other_answers.object_index
        and answers.worker_key < other_answers.worker_key
    group by
        answers.job_name,
        answers.worker_key,
        other_answers.worker_key,
        answers.reference_label
),

pair_errors as (
    select
        pair_classes.job_name,
        pair_classes.worker_key,
        pair_classes.other_worker_key,
        cast(sum(pair_classes.object_count) as bigint) as reference_object_count,
        cast(sum(pair_classes.same_wrong_count) as bigint) as same_wrong_count,
        -- Two workers who make no mistake in common have no row of chances.
        sum(pair_classes.object_count * coalesce(chances.chance, 0)) as expected_same_wrong_count
    from pair_classes
    left join chances
        on pair_classes.job_name = chances.job_name
        and pair_classes.worker_key = chances.worker_key
        and pair_classes.other_worker_key = chances.other_worker_key
        and pair_classes.reference_label = chances.reference_label
    group by
        pair_classes.job_name,
        pair_classes.worker_key,
        pair_classes.other_worker_key
)

select * from pair_errors
