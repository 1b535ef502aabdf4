with labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

object_labels as (
    select * from {{ ref('int_object_labels') }}
),

annotations as (
    select * from {{ ref('int_annotations') }}
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

worker_annotations as (
    select * from {{ ref('stg_ground_truth__worker_annotations') }}
),

verified_objects as (
    select
        object_labels.job_name,
        object_labels.object_index,
        object_labels.source_uri,
        object_labels.source_file_uri,
        case when object_labels.label_status = 'labeled' then object_labels.label end as consolidated_verdict
    from object_labels
    inner join labeling_jobs on object_labels.job_name = labeling_jobs.job_name
    where
        labeling_jobs.job_kind = 'verification'
        and not object_labels.is_inherited
        and object_labels.source_uri is not null
),

-- If several earlier jobs labeled the object, workers were shown the newest labels.
ranked_label_attributes as (
    select
        job_name,
        object_index,
        label_attribute_name,
        row_number() over (
            partition by job_name, object_index
            order by labeled_at desc nulls last, label_attribute_name asc
        ) as newest_rank
    from object_labels
    where
        is_inherited
        and label_status = 'labeled'
        and task_type <> 'label-verification'
),

-- The confidence of all labels together is that of the least confident one: all of them must be right.
shown_labels as (
    select
        annotations.job_name,
        annotations.object_index,
        case when count(distinct annotations.label) = 1 then max(annotations.label) end as label,
        min(annotations.confidence) * 100 as confidence
    from annotations
    inner join ranked_label_attributes
        on annotations.job_name = ranked_label_attributes.job_name
        and annotations.object_index = ranked_label_attributes.object_index
        and annotations.label_attribute_name = ranked_label_attributes.label_attribute_name
    where
        annotations.is_inherited
        and ranked_label_attributes.newest_rank = 1
    group by annotations.job_name, annotations.object_index
),

verdicts as (
    select
        worker_answers.job_name,
        worker_answers.object_index,
        worker_answers.answer_no,
        worker_answers.worker_key,
        worker_annotations.annotation_index,
        worker_annotations.label as verdict
    from worker_answers
    inner join worker_annotations
        on worker_answers.load_id = worker_annotations.load_id
        and worker_answers.file_no = worker_annotations.file_no
        and worker_answers.answer_index = worker_annotations.answer_index
    where worker_annotations.shape = 'class'
),

-- If the answers are missing, the consolidated verdict is all that is known.
votes as (
    select
        verified_objects.job_name,
        verified_objects.object_index,
        verdicts.answer_no,
        verdicts.annotation_index,
        verified_objects.source_uri as item_uri,
        shown_labels.label,
        -- 0.57 × 100 is a little less than 57.
        round(shown_labels.confidence, 10) as confidence,
        verdicts.worker_key,
        {{ is_named(
            'coalesce(verdicts.verdict, verified_objects.consolidated_verdict)', list_var('review_confirming_values')
        ) }} as is_confirmed,
        verdicts.worker_key is null as is_consolidated,
        verified_objects.source_file_uri as item_file_uri
    from verified_objects
    left join shown_labels
        on verified_objects.job_name = shown_labels.job_name
        and verified_objects.object_index = shown_labels.object_index
    left join verdicts
        on verified_objects.job_name = verdicts.job_name
        and verified_objects.object_index = verdicts.object_index
    where coalesce(verdicts.verdict, verified_objects.consolidated_verdict) is not null
)

select * from votes
