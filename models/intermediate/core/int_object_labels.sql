with data_objects as (
    select * from {{ ref('stg_ground_truth__data_objects') }}
),

frames as (
    select * from {{ ref('stg_ground_truth__frames') }}
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

consolidation_objects as (
    select * from {{ ref('stg_ground_truth__consolidation_objects') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

label_attributes as (
    select * from {{ ref('int_label_attributes') }}
),

label_files as (
    select * from {{ ref('int_label_files') }}
),

mask_labels as (
    select * from {{ ref('int_mask_labels') }}
),

-- Of an object's rows, which are one for each label attribute, one has the other keys of its line; in lakes of older
-- loaders all have.
passthroughs as (
    select
        job_name,
        object_index,
        max(passthrough_json) as passthrough_json
    from data_objects
    where passthrough_json is not null
    group by job_name, object_index
),

-- 0 if a mask was read and nothing is labeled on it.
mask_label_counts as (
    select
        label_files.job_name,
        label_files.object_index,
        count(mask_labels.annotation_index) as mask_label_count
    from label_files
    left join mask_labels
        on label_files.job_name = mask_labels.job_name
        and label_files.object_index = mask_labels.object_index
    group by label_files.job_name, label_files.object_index
),

-- Every data object that a manifest, a frame, an answer or a consolidation request mentions: a job may have no manifest
-- (yet).
mentions as (
    select
        job_name,
        object_index,
        source_uri,
        source_text,
        true as is_in_manifest,
        source_file_uri as manifest_uri,
        cast(null as varchar) as label_file_uri,
        cast(null as bigint) as sequence_label_count
    from data_objects
    union all
    select
        job_name,
        object_index,
        cast(null as varchar) as source_uri,
        cast(null as varchar) as source_text,
        false as is_in_manifest,
        cast(null as varchar) as manifest_uri,
        source_file_uri as label_file_uri,
        cast(annotation_count as bigint) as sequence_label_count
    from frames
    union all
    select distinct
        job_name,
        object_index,
        cast(null as varchar) as source_uri,
        cast(null as varchar) as source_text,
        false as is_in_manifest,
        cast(null as varchar) as manifest_uri,
        cast(null as varchar) as label_file_uri,
        cast(null as bigint) as sequence_label_count
    from worker_answers
    union all
    select
        job_name,
        object_index,
        source_uri,
        source_text,
        false as is_in_manifest,
        cast(null as varchar) as manifest_uri,
        cast(null as varchar) as label_file_uri,
        cast(null as bigint) as sequence_label_count
    from consolidation_objects
),

objects as (
    select
        job_name,
        object_index,
        -- 0 if all frames of the object are empty; NULL if it is no sequence.
        cast(sum(sequence_label_count) as bigint) as sequence_label_count,
        max(case when is_in_manifest then source_uri end) as source_uri,
        max(case when is_in_manifest then source_text end) as source_text,
        max(case when not is_in_manifest then source_uri end) as requested_uri,
        max(case when not is_in_manifest then source_text end) as requested_text,
        coalesce(max(manifest_uri), max(label_file_uri)) as source_file_uri,
        bool_or(is_in_manifest) as is_in_manifest
    from mentions
    group by job_name, object_index
),

-- Every object has a row for the job's own label attribute, labeled or not.
objects_with_own_attribute as (
    select
        objects.job_name,
        objects.object_index,
        labeling_jobs.label_attribute_name,
        -- If the manifest has none, the one that the consolidation function was given.
        case
            when objects.source_uri is null and objects.source_text is null then objects.requested_uri
            else objects.source_uri
        end as source_uri,
        case
            when objects.source_uri is null and objects.source_text is null then objects.requested_text
            else objects.source_text
        end as source_text,
        -- A copy may be in another bucket; if lines of the manifest were deleted, the object has another name.
        coalesce(
            {{ last_part('objects.source_uri', '/') }} <> {{ last_part('objects.requested_uri', '/') }}
            or objects.source_text <> objects.requested_text,
            false
        ) as is_another_object,
        objects.source_file_uri,
        objects.is_in_manifest,
        objects.sequence_label_count,
        labeling_jobs.task_type,
        labeling_jobs.modality,
        labeling_jobs.max_answers_per_object,
        false as is_inherited
    from objects
    inner join labeling_jobs on objects.job_name = labeling_jobs.job_name
),

objects_with_inherited_attribute as (
    select
        data_objects.job_name,
        data_objects.object_index,
        data_objects.label_attribute_name,
        data_objects.source_uri,
        data_objects.source_text,
        false as is_another_object,
        data_objects.source_file_uri,
        true as is_in_manifest,
        cast(null as bigint) as sequence_label_count,
        label_attributes.task_type,
        label_attributes.modality,
        cast(null as integer) as max_answers_per_object,
        true as is_inherited
    from data_objects
    inner join label_attributes
        on data_objects.job_name = label_attributes.job_name
        and data_objects.label_attribute_name = label_attributes.label_attribute_name
    where label_attributes.is_inherited
),

object_attributes as (
    select * from objects_with_own_attribute
    union all
    select * from objects_with_inherited_attribute
),

object_labels as (
    select
        object_attributes.job_name,
        object_attributes.label_attribute_name,
        object_attributes.object_index,
        object_attributes.source_uri,
        object_attributes.source_text,
        object_attributes.is_another_object,
        coalesce(results.task_type, object_attributes.task_type) as task_type,
        coalesce(results.modality, object_attributes.modality) as modality,
        results.label,
        -- Labels in the manifest, in the frames of a sequence and in a mask, as far as they are known.
        cast(case
            when
                results.label_count is not null
                or object_attributes.sequence_label_count is not null
                or mask_label_counts.mask_label_count is not null
                then
                    coalesce(results.label_count, 0)
                    + coalesce(object_attributes.sequence_label_count, 0)
                    + coalesce(mask_label_counts.mask_label_count, 0)
        end as integer) as label_count,
        {{ known_confidence(
            'results.confidence', 'object_attributes.is_inherited', 'object_attributes.max_answers_per_object'
        ) }} as confidence,
        results.is_human_annotated,
        results.adjustment_status,
        results.failure_reason,
        object_attributes.is_inherited,
        results.source_job_name,
        results.value_json,
        results.metadata_json,
        case when results.job_name is not null then passthroughs.passthrough_json end as passthrough_json,
        results.worker_feedback_json,
        results.labeled_at,
        cast(results.labeled_at as date) as labeled_date,
        object_attributes.source_file_uri,
        object_attributes.is_in_manifest,
        -- A sequence's labels are in a file of their own, so it is labeled even if no manifest says so (yet).
        case
            when results.failure_reason is not null then 'failed'
            when results.job_name is not null or object_attributes.sequence_label_count is not null then 'labeled'
            else 'unlabeled'
        end as label_status
    from object_attributes
    left join data_objects as results
        on object_attributes.job_name = results.job_name
        and object_attributes.object_index = results.object_index
        and object_attributes.label_attribute_name = results.label_attribute_name
    left join passthroughs
        on object_attributes.job_name = passthroughs.job_name
        and object_attributes.object_index = passthroughs.object_index
    left join mask_label_counts
        on object_attributes.job_name = mask_label_counts.job_name
        and object_attributes.object_index = mask_label_counts.object_index
        and not object_attributes.is_inherited
)

select * from object_labels
