{#- Each rule is a CTE of its name. -#}
{%- set rules = [
    'not_understood', 'repeated_answer', 'ambiguous_worker_id', 'negative_time', 'repeated_frame', 'unknown_frame',
    'missing_label_file', 'unused_label_file', 'class_outside_map', 'golden_without_object', 'item_without_vote',
    'repeated_item', 'repeated_category', 'repeated_attribute', 'too_many_labels', 'another_object'
] -%}

with staged_answers as (
    select * from {{ ref('stg_ground_truth__worker_answers') }}
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

worker_frames as (
    select * from {{ ref('int_worker_frames') }}
),

data_objects as (
    select * from {{ ref('stg_ground_truth__data_objects') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

object_labels as (
    select * from {{ ref('int_object_labels') }}
    where not is_inherited
),

annotations as (
    select * from {{ ref('stg_ground_truth__annotations') }}
),

current_files as (
    select * from {{ ref('current_source_files') }}
),

files_of_labels as (
    select * from current_files
    where
        file_kind in ('mask', 'point_classes')
        and load_id is not null
),

label_files as (
    select * from {{ ref('int_label_files') }}
),

mask_labels as (
    select * from {{ ref('int_mask_labels') }}
),

crowded_comparisons as (
    select * from {{ ref('int_crowded_comparisons') }}
    where set_aside_reason is not null
),

golden_labels as (
    select * from {{ ref('stg_ground_truth__golden_labels') }}
),

review_items as (
    select * from {{ ref('stg_ground_truth__review_items') }}
),

label_reviews as (
    select * from {{ ref('int_label_reviews') }}
),

label_categories as (
    select * from {{ ref('stg_ground_truth__label_categories') }}
),

attribute_definitions as (
    select * from {{ ref('stg_ground_truth__label_attribute_definitions') }}
),

answered_in_files as (
    select distinct
        load_id,
        file_no,
        object_index
    from worker_answers
),

-- Of a consolidation request only what it repeats itself: it always repeats what the worker responses have.
repeated_answer as (
    select
        staged_answers.job_name,
        staged_answers.source_file_uri,
        staged_answers.object_index,
        cast(staged_answers.answer_index as varchar) as item,
        staged_answers.worker_key,
        'Another answer is of the same worker, object and second, and counts.' as reason
    from staged_answers
    inner join current_files
        on staged_answers.load_id = current_files.load_id
        and staged_answers.file_no = current_files.file_no
    left join worker_answers
        on staged_answers.load_id = worker_answers.load_id
        and staged_answers.file_no = worker_answers.file_no
        and staged_answers.answer_index = worker_answers.answer_index
    left join answered_in_files
        on staged_answers.load_id = answered_in_files.load_id
        and staged_answers.file_no = answered_in_files.file_no
        and staged_answers.object_index = answered_in_files.object_index
    where
        worker_answers.load_id is null
        -- Requests, and results that keep the answers, repeat what is elsewhere.
        and ({{ answer_source_rank('current_files.file_kind') }} = 1 or answered_in_files.load_id is not null)
),

not_understood as (
    select
        job_name,
        uri as source_file_uri,
        cast(null as bigint) as object_index,
        cast(null as varchar) as item,
        cast(null as varchar) as worker_key,
        'Not understood, or changed by the loader: ' || warning as reason
    from current_files
    where
        job_name is not null
        and warning is not null
),

worker_ids_of_several as (
    select
        worker_id,
        count(distinct worker_key) as identity_count
    from staged_answers
    where
        identity_issuer is not null
        and identity_sub is not null
    group by worker_id
    having count(distinct worker_key) > 1
),

ambiguous_worker_id as (
    select
        worker_answers.job_name,
        min(worker_answers.source_file_uri) as source_file_uri,
        cast(null as bigint) as object_index,
        cast(null as varchar) as item,
        worker_answers.worker_key,
        'Answers of this worker id without an identity: '
        || cast(count(*) as varchar)
        || '. Other answers name '
        || cast(max(worker_ids_of_several.identity_count) as varchar)
        || ' people for the same id, so these are of a worker of their own.' as reason
    from worker_answers
    inner join worker_ids_of_several on worker_answers.worker_id = worker_ids_of_several.worker_id
    where worker_answers.identity_sub is null
    group by worker_answers.job_name, worker_answers.worker_key
),

negative_time as (
    select
        job_name,
        source_file_uri,
        object_index,
        cast(answer_index as varchar) as item,
        worker_key,
        'The time spent is below zero: it is not known.' as reason
    from worker_answers
    where reported_time_seconds < 0
),

repeated_frame as (
    select
        job_name,
        source_file_uri,
        object_index,
        frame_name as item,
        cast(null as varchar) as worker_key,
        'Another file of the same answer has a frame of this name, which counts.' as reason
    from worker_frames
    where is_repeated
),

unknown_frame as (
    select
        worker_frames.job_name,
        min(worker_frames.source_file_uri) as source_file_uri,
        worker_frames.object_index,
        worker_frames.payload_folder as item,
        min(worker_answers.worker_key) as worker_key,
        'Frames of the answer whose name none, or several, of the sequence''s loaded frames have: '
        || cast(count(distinct coalesce(worker_frames.frame_name, '')) as varchar)
        || '. Their labels are in no comparison.' as reason
    from worker_frames
    left join worker_answers
        on worker_frames.job_name = worker_answers.job_name
        and worker_frames.iteration = worker_answers.iteration
        and worker_frames.object_index = worker_answers.object_index
        and worker_frames.payload_folder = worker_answers.payload_folder
    where
        not worker_frames.is_repeated
        and worker_frames.frame_index is null
    group by
        worker_frames.job_name,
        worker_frames.iteration,
        worker_frames.object_index,
        worker_frames.payload_folder
),

objects_with_label_files as (
    select distinct
        annotations.job_name,
        annotations.object_index
    from annotations
    inner join files_of_labels
        on annotations.load_id = files_of_labels.load_id
        and annotations.file_no = files_of_labels.file_no
),

-- Of an object that has another label file: else nothing is set aside, the file is only missing.
missing_label_file as (
    select
        named.job_name,
        named.source_file_uri,
        named.object_index,
        named.label_uri as item,
        cast(null as varchar) as worker_key,
        'The result names this label file, which was not loaded or is another object''s. A file of this object was '
        || 'loaded.' as reason
    from data_objects as named
    inner join labeling_jobs
        on named.job_name = labeling_jobs.job_name
        and named.label_attribute_name = labeling_jobs.label_attribute_name
    inner join objects_with_label_files
        on named.job_name = objects_with_label_files.job_name
        and named.object_index = objects_with_label_files.object_index
    left join label_files
        on named.job_name = label_files.job_name
        and named.object_index = label_files.object_index
    where
        named.label_uri is not null
        and label_files.job_name is null
),

-- Before the manifest is there, no result names any file.
jobs_with_results as (
    select distinct job_name
    from data_objects
),

unused_label_file as (
    select
        files_of_labels.job_name,
        files_of_labels.uri as source_file_uri,
        cast(null as bigint) as object_index,
        files_of_labels.uri as item,
        cast(null as varchar) as worker_key,
        'No result of the job''s own label attribute has its labels in this file.' as reason
    from files_of_labels
    inner join jobs_with_results on files_of_labels.job_name = jobs_with_results.job_name
    left join label_files
        on files_of_labels.load_id = label_files.load_id
        and files_of_labels.file_no = label_files.file_no
    where label_files.load_id is null
),

-- Index 0 is what nobody labeled.
class_outside_map as (
    select
        label_files.job_name,
        min(annotations.source_file_uri) as source_file_uri,
        label_files.object_index,
        annotations.class_id as item,
        cast(null as varchar) as worker_key,
        'The label file has this class index, and the class map of the result has not.' as reason
    from label_files
    inner join annotations
        on label_files.load_id = annotations.load_id
        and label_files.file_no = annotations.file_no
        and label_files.object_index = annotations.object_index
    left join mask_labels
        on annotations.load_id = mask_labels.load_id
        and annotations.file_no = mask_labels.file_no
        and annotations.object_index = mask_labels.object_index
        and annotations.annotation_index = mask_labels.annotation_index
    where
        mask_labels.job_name is null
        and annotations.class_id <> '0'
    group by
        label_files.job_name,
        label_files.object_index,
        annotations.class_id
),

golden_without_object as (
    select
        golden_labels.job_name,
        min(golden_labels.source_file_uri) as source_file_uri,
        golden_labels.object_index,
        coalesce(golden_labels.source_uri, golden_labels.source_text) as item,
        cast(null as varchar) as worker_key,
        'Golden labels of no data object of the job.' as reason
    from golden_labels
    left join object_labels as by_index
        on golden_labels.job_name = by_index.job_name
        and golden_labels.object_index = by_index.object_index
    left join object_labels as by_uri
        on golden_labels.job_name = by_uri.job_name
        and golden_labels.source_uri = by_uri.source_uri
    left join object_labels as by_text
        on golden_labels.job_name = by_text.job_name
        and golden_labels.source_text = by_text.source_text
    where
        by_index.job_name is null
        and by_uri.job_name is null
        and by_text.job_name is null
    group by
        golden_labels.job_name,
        golden_labels.object_index,
        coalesce(golden_labels.source_uri, golden_labels.source_text)
),

answered_batches as (
    select distinct
        data_objects.job_name,
        {{ last_part('data_objects.source_uri', '/') }} as batch_name
    from data_objects
    inner join worker_answers
        on data_objects.job_name = worker_answers.job_name
        and data_objects.object_index = worker_answers.object_index
),

item_without_vote as (
    select
        review_items.job_name,
        min(review_items.source_file_uri) as source_file_uri,
        cast(null as bigint) as object_index,
        review_items.batch_name || ' ' || cast(review_items.item_number as varchar) as item,
        cast(null as varchar) as worker_key,
        'The batch was answered, and no answer has a vote on this item: its field has another name or number, or a '
        || 'value that is in neither review_confirming_values nor review_rejecting_values.' as reason
    from review_items
    inner join answered_batches
        on review_items.job_name = answered_batches.job_name
        and review_items.batch_name = answered_batches.batch_name
    left join label_reviews
        on review_items.job_name = label_reviews.job_name
        and review_items.item_uri = label_reviews.item_uri
        and review_items.label is not distinct from label_reviews.label
    where label_reviews.job_name is null
    group by
        review_items.job_name,
        review_items.batch_name,
        review_items.item_number
),

repeated_item as (
    select
        job_name,
        min(source_file_uri) as source_file_uri,
        cast(null as bigint) as object_index,
        batch_name || ' ' || cast(item_number as varchar) as item,
        cast(null as varchar) as worker_key,
        'Files that have this item of a batch of the same name: '
        || cast(count(*) as varchar)
        || '. The newest counts.' as reason
    from review_items
    group by
        job_name,
        batch_name,
        item_number
    having count(*) > 1
),

repeated_category as (
    select
        job_name,
        min(source_file_uri) as source_file_uri,
        cast(null as bigint) as object_index,
        label as item,
        cast(null as varchar) as worker_key,
        'Definitions of this class: ' || cast(count(*) as varchar) || '. The newest counts.' as reason
    from label_categories
    group by
        job_name,
        label
    having count(*) > 1
),

repeated_attribute as (
    select
        job_name,
        min(source_file_uri) as source_file_uri,
        cast(null as bigint) as object_index,
        scope || ' ' || coalesce(label || ' ', '') || attribute_name as item,
        cast(null as varchar) as worker_key,
        'Definitions of this attribute: ' || cast(count(*) as varchar) || '. The newest counts.' as reason
    from attribute_definitions
    group by
        job_name,
        scope,
        label,
        attribute_name
    having count(*) > 1
),

too_many_labels as (
    select
        crowded_comparisons.job_name,
        coalesce(min(worker_answers.source_file_uri), min(object_labels.source_file_uri)) as source_file_uri,
        crowded_comparisons.object_index,
        cast(null as varchar) as item,
        cast(null as varchar) as worker_key,
        'Label sets of the object are not compared: ' || min(crowded_comparisons.set_aside_reason) || '.' as reason
    from crowded_comparisons
    left join worker_answers
        on crowded_comparisons.job_name = worker_answers.job_name
        and crowded_comparisons.object_index = worker_answers.object_index
    left join object_labels
        on crowded_comparisons.job_name = object_labels.job_name
        and crowded_comparisons.object_index = object_labels.object_index
    group by
        crowded_comparisons.job_name,
        crowded_comparisons.object_index
),

another_object as (
    select
        job_name,
        source_file_uri,
        object_index,
        coalesce(source_uri, source_text) as item,
        cast(null as varchar) as worker_key,
        'The consolidation request has another data object in this place than the manifest, of which lines may have '
        || 'been deleted or moved: the result is in no comparison with the answers.' as reason
    from object_labels
    where is_another_object
),

set_aside as (
    {%- for rule in rules %}
        select
            '{{ rule }}' as rule_name,
            job_name,
            source_file_uri,
            object_index,
            item,
            worker_key,
            reason
        from {{ rule }}
        {%- if not loop.last %}
            union all
        {%- endif %}
    {%- endfor %}
)

select * from set_aside
