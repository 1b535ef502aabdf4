with review_items as (
    select * from {{ ref('stg_ground_truth__review_items') }}
),

data_objects as (
    select * from {{ ref('stg_ground_truth__data_objects') }}
),

answer_attributes as (
    select * from {{ ref('stg_ground_truth__worker_annotation_attributes') }}
),

answer_labels as (
    select * from {{ ref('stg_ground_truth__worker_annotations') }}
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

object_labels as (
    select * from {{ ref('int_object_labels') }}
),

annotations as (
    select * from {{ ref('int_annotations') }}
),

-- Bulk reviews: a data object is a batch of items.

-- A batch may have been found in two places.
ranked_items as (
    select
        *,
        row_number() over (
            partition by job_name, batch_name, item_number
            order by load_id desc, file_no desc
        ) as version_rank
    from review_items
),

-- Models give their confidence as a share or in percent: it is shares where no item of the job has more than 1.
confidence_units as (
    select
        job_name,
        case when max(confidence) <= 1 then 100 else 1 end as percent_per_unit
    from review_items
    group by job_name
),

items as (
    select
        ranked_items.job_name,
        ranked_items.batch_name,
        ranked_items.item_number,
        ranked_items.item_uri,
        ranked_items.label,
        ranked_items.confidence * confidence_units.percent_per_unit as confidence
    from ranked_items
    inner join confidence_units on ranked_items.job_name = confidence_units.job_name
    where ranked_items.version_rank = 1
),

batches as (
    select distinct
        job_name,
        object_index,
        {{ last_part('source_uri', '/') }} as batch_name
    from data_objects
    where source_uri is not null
),

-- A field's name ends with the item's number, and where it is a box, with a point and the name of the box. Both are
-- taken from the right, for labels may hold hyphens and points.
endings as (
    select
        load_id,
        file_no,
        answer_index,
        job_name,
        object_index,
        attribute_value as field_value,
        {{ last_part('attribute_name', '-') }} as ending
    from answer_attributes
    where scope = 'object' and attribute_name like '%-%'
),

numbered_endings as (
    select
        *,
        split_part(ending, '.', 1) as digits,
        nullif(split_part(ending, '.', 2), '') as box
    from endings
    where ending not like '%.%.%'
),

fields as (
    select
        *,
        case
            when length(digits) between 1 and 9 and translate(digits, '0123456789', '') = ''
                then cast(digits as integer)
        end as item_number
    from numbered_endings
),

-- What is in neither list of values says nothing.
field_verdicts as (
    select
        *,
        case
            when box is null and {{ is_named('field_value', list_var('review_confirming_values')) }} then true
            when box is null and {{ is_named('field_value', list_var('review_rejecting_values')) }} then false
            when field_value not in ('true', 'false') then cast(null as boolean)
            when {{ is_named('box', list_var('review_confirming_values')) }} then field_value = 'true'
            when {{ is_named('box', list_var('review_rejecting_values')) }} then field_value = 'false'
        end as is_confirmed
    from fields
    where item_number is not null
),

-- The boxes of one item are one vote; where they contradict each other, or none is chosen, it is none.
item_votes as (
    select
        load_id,
        file_no,
        answer_index,
        job_name,
        object_index,
        item_number,
        bool_and(is_confirmed) as is_confirmed
    from field_verdicts
    where is_confirmed is not null
    group by
        load_id,
        file_no,
        answer_index,
        job_name,
        object_index,
        item_number
    having bool_and(is_confirmed) = bool_or(is_confirmed)
),

bulk_reviews as (
    select
        items.job_name,
        items.item_uri,
        items.label,
        items.confidence,
        worker_answers.worker_key,
        item_votes.is_confirmed,
        false as is_consolidated
    from item_votes
    -- Answers that stand in two files are there once.
    inner join worker_answers
        on item_votes.load_id = worker_answers.load_id
        and item_votes.file_no = worker_answers.file_no
        and item_votes.answer_index = worker_answers.answer_index
    inner join batches
        on item_votes.job_name = batches.job_name
        and item_votes.object_index = batches.object_index
    inner join items
        on batches.job_name = items.job_name
        and batches.batch_name = items.batch_name
        and item_votes.item_number = items.item_number
),

-- Label verifications: a data object is an item, and the verdict is on all labels that an earlier job gave it.

verifications as (
    select
        object_labels.job_name,
        object_labels.object_index,
        object_labels.source_uri,
        case when object_labels.label_status = 'labeled' then object_labels.label end as verdict
    from object_labels
    inner join labeling_jobs on object_labels.job_name = labeling_jobs.job_name
    where
        labeling_jobs.job_kind = 'verification'
        and not object_labels.is_inherited
        and object_labels.source_uri is not null
),

-- Of several earlier jobs' labels, the newest are what workers were shown.
ranked_attributes as (
    select
        job_name,
        object_index,
        label_attribute_name,
        row_number() over (
            partition by job_name, object_index
            order by labeled_at desc nulls last, label_attribute_name asc
        ) as attribute_rank
    from object_labels
    where
        is_inherited
        and label_status = 'labeled'
        and task_type <> 'label-verification'
),

-- As sure as the least sure of the labels: all of them must be right.
verified_labels as (
    select
        annotations.job_name,
        annotations.object_index,
        case when count(distinct annotations.label) = 1 then max(annotations.label) end as label,
        min(annotations.confidence) * 100 as confidence
    from annotations
    inner join ranked_attributes
        on annotations.job_name = ranked_attributes.job_name
        and annotations.object_index = ranked_attributes.object_index
        and annotations.label_attribute_name = ranked_attributes.label_attribute_name
    where
        annotations.is_inherited
        and ranked_attributes.attribute_rank = 1
    group by annotations.job_name, annotations.object_index
),

verdicts as (
    select
        worker_answers.job_name,
        worker_answers.object_index,
        worker_answers.worker_key,
        answer_labels.label as verdict
    from worker_answers
    inner join answer_labels
        on worker_answers.load_id = answer_labels.load_id
        and worker_answers.file_no = answer_labels.file_no
        and worker_answers.answer_index = answer_labels.answer_index
    where answer_labels.shape = 'class'
),

-- Where the answers are not there, the consolidated class is all that is known.
verification_reviews as (
    select
        verifications.job_name,
        verifications.source_uri as item_uri,
        verified_labels.label,
        verified_labels.confidence,
        verdicts.worker_key,
        {{ is_named('coalesce(verdicts.verdict, verifications.verdict)', list_var('review_confirming_values')) }}
            as is_confirmed,
        verdicts.worker_key is null as is_consolidated
    from verifications
    left join verified_labels
        on verifications.job_name = verified_labels.job_name
        and verifications.object_index = verified_labels.object_index
    left join verdicts
        on verifications.job_name = verdicts.job_name
        and verifications.object_index = verdicts.object_index
    where coalesce(verdicts.verdict, verifications.verdict) is not null
),

reviews as (
    select * from bulk_reviews
    union all
    select * from verification_reviews
),

final as (
    select
        job_name,
        item_uri,
        label,
        -- 0.57 × 100 is a little less than 57.
        round(confidence, 10) as confidence,
        worker_key,
        is_confirmed,
        is_consolidated
    from reviews
)

select * from final
