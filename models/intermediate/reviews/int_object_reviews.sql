with labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
    where audited_job_name is not null
),

object_labels as (
    select * from {{ ref('int_object_labels') }}
    where not is_inherited
),

label_reviews as (
    select * from {{ ref('int_label_reviews') }}
),

annotation_attributes as (
    select * from {{ ref('int_annotation_attributes') }}
),

review_samples as (
    select * from {{ ref('int_review_samples') }}
),

review_items as (
    select * from {{ ref('int_review_items') }}
    where audited_job_name is not null
),

audited_places as (
    select * from {{ ref('int_audited_objects') }}
),

voted_objects as (
    select
        job_name,
        object_index,
        bool_and(is_confirmed) as is_confirmed
    from label_reviews
    group by job_name, object_index
),

-- A label without an outcome was not looked at; an object with one was.
audited_objects as (
    select
        job_name,
        object_index,
        bool_and({{ is_named('attribute_value', list_var('review_confirming_values')) }}) as is_confirmed
    from annotation_attributes
    where
        not is_inherited
        and attribute_value is not null
        and {{ is_named('attribute_name', list_var('audit_attributes')) }}
    group by job_name, object_index
),

-- The data objects of a bulk review are batches; what it reviews are their items.
jobs_with_items as (
    select distinct job_name
    from review_items
),

voted_items as (
    select
        job_name,
        object_index,
        item_number,
        bool_and(is_confirmed) as is_confirmed
    from label_reviews
    where item_number is not null
    group by job_name, object_index, item_number
),

reviewed_objects as (
    select
        object_labels.job_name,
        labeling_jobs.audited_job_name,
        object_labels.object_index,
        cast(null as integer) as item_number,
        coalesce(object_labels.source_uri, object_labels.source_text) as data_object,
        object_labels.labeled_at,
        object_labels.source_file_uri,
        review_samples.sample_kind,
        audited_places.audited_object_index,
        case
            when voted_objects.job_name is not null then voted_objects.is_confirmed
            when audited_objects.job_name is not null then audited_objects.is_confirmed
            when labeling_jobs.job_kind = 'adjustment' then object_labels.adjustment_status = 'unadjusted'
        end as is_accepted
    from object_labels
    inner join labeling_jobs on object_labels.job_name = labeling_jobs.job_name
    left join voted_objects
        on object_labels.job_name = voted_objects.job_name
        and object_labels.object_index = voted_objects.object_index
    left join audited_objects
        on object_labels.job_name = audited_objects.job_name
        and object_labels.object_index = audited_objects.object_index
    left join review_samples
        on object_labels.job_name = review_samples.job_name
        and object_labels.object_index = review_samples.object_index
    left join audited_places
        on object_labels.job_name = audited_places.job_name
        and object_labels.object_index = audited_places.object_index
    left join jobs_with_items on object_labels.job_name = jobs_with_items.job_name
    where
        object_labels.label_status = 'labeled'
        and jobs_with_items.job_name is null
    union all
    select
        review_items.job_name,
        review_items.audited_job_name,
        review_items.object_index,
        review_items.item_number,
        review_items.item_uri as data_object,
        object_labels.labeled_at,
        object_labels.source_file_uri,
        review_items.sample_kind,
        audited_places.audited_object_index,
        voted_items.is_confirmed as is_accepted
    from review_items
    inner join object_labels
        on review_items.job_name = object_labels.job_name
        and review_items.object_index = object_labels.object_index
    inner join voted_items
        on review_items.job_name = voted_items.job_name
        and review_items.object_index = voted_items.object_index
        and review_items.item_number = voted_items.item_number
    left join audited_places
        on review_items.job_name = audited_places.job_name
        and review_items.object_index = audited_places.object_index
        and review_items.item_number = audited_places.item_number
    where object_labels.label_status = 'labeled'
),

-- A job that has a data object twice has two reviews of it. If the audited job is not loaded, they go by their order.
numbered_objects as (
    select
        *,
        coalesce(
            audited_object_index,
            -row_number() over (partition by job_name, data_object order by object_index, item_number)
        ) as object_no
    from reviewed_objects
    where is_accepted is not null
),

ranked_reviews as (
    select
        job_name,
        audited_job_name,
        object_index,
        item_number,
        audited_object_index,
        labeled_at,
        is_accepted,
        source_file_uri,
        sample_kind,
        -- Objects that were drawn at random are a sample, and so are those of which nothing else is said.
        coalesce(sample_kind <> 'random', false)
        or {{ is_named('job_name', list_var('targeted_audits')) }} as is_targeted,
        cast(row_number() over (
            partition by audited_job_name, data_object, object_no
            order by labeled_at nulls last, job_name, object_index, item_number
        ) as integer) as review_no
    from numbered_objects
)

select * from ranked_reviews
