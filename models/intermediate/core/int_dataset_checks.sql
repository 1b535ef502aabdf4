{#
  What is checked in a job, with its unit, and in one sentence what was found. The sentence follows `n of m <units>`.
#}
{%- set checks = [
    ('duplicate objects', 'object', 'are an earlier data object of the job again'),
    ('conflicting duplicates', 'object', 'are in the job several times, with different labels'),
    ('objects in several jobs', 'object', 'are in another labeling job too'),
    ('unlabeled objects', 'object', 'have no result'),
    ('failed objects', 'object', 'could not be labeled'),
    ('empty images', 'object', 'were labeled and have no label'),
    ('classes under the minimum', 'class', 'have fewer than ' ~ var('class_minimum_count') ~ ' labels'),
    ('imbalance', 'class',
        'have less than one label for every ' ~ var('maximum_imbalance_ratio') ~ ' of the most frequent class'),
    ('labels outside the config', 'label', 'are of a class that the label category config does not have'),
    ('missing required attributes', 'label', 'lack an attribute that workers must fill in'),
    ('tiny boxes', 'label', 'are smaller than ' ~ var('tiny_box_area') ~ ' square pixels'),
    ('boxes outside the image', 'label', 'reach beyond the edge of the image'),
] -%}

with object_labels as (
    select * from {{ ref('int_object_labels') }}
    where not is_inherited
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

annotations as (
    select * from {{ ref('int_annotations') }}
    where not is_inherited
),

data_objects as (
    select * from {{ ref('stg_ground_truth__data_objects') }}
),

label_categories as (
    select * from {{ ref('stg_ground_truth__label_categories') }}
),

attribute_definitions as (
    select * from {{ ref('stg_ground_truth__label_attribute_definitions') }}
    where
        scope = 'annotation'
        and is_required
),

annotation_attributes as (
    select * from {{ ref('int_annotation_attributes') }}
    where
        not is_inherited
        and attribute_value is not null
),

class_counts as (
    select * from {{ ref('int_class_counts') }}
),

checks as (
    {%- for check_name, unit, finding in checks %}
        select
            '{{ check_name }}' as check_name,
            '{{ unit }}' as unit,
            '{{ finding }}' as finding
        {%- if not loop.last %}
            union all
        {%- endif %}
    {%- endfor %}
),

objects as (
    select
        object_labels.job_name,
        object_labels.object_index,
        object_labels.label,
        object_labels.label_count,
        object_labels.label_status,
        labeling_jobs.job_kind,
        object_labels.source_uri,
        coalesce(object_labels.source_uri, object_labels.source_text) as data_object
    from object_labels
    inner join labeling_jobs on object_labels.job_name = labeling_jobs.job_name
),

-- Reviews have the objects of the jobs that they review, so only jobs that make labels are compared.
compared_objects as (
    select
        *,
        row_number() over (partition by job_name, data_object order by object_index) as occurrence,
        count(label) over (partition by job_name, data_object) as labeled_count,
        min(label) over (partition by job_name, data_object) as first_label,
        max(label) over (partition by job_name, data_object) as last_label,
        min(case when job_kind = 'label' then job_name end) over (partition by data_object) as first_job_name,
        max(case when job_kind = 'label' then job_name end) over (partition by data_object) as last_job_name
    from objects
    where data_object is not null
),

object_findings as (
    select
        job_name,
        'duplicate objects' as check_name,
        occurrence > 1 as is_found,
        source_uri
    from compared_objects
    union all
    select
        job_name,
        'conflicting duplicates' as check_name,
        first_label <> last_label as is_found,
        source_uri
    from compared_objects
    where
        label is not null
        and labeled_count > 1
    union all
    select
        job_name,
        'objects in several jobs' as check_name,
        first_job_name <> last_job_name as is_found,
        source_uri
    from compared_objects
    where job_kind = 'label'
    union all
    select
        job_name,
        'unlabeled objects' as check_name,
        label_status = 'unlabeled' as is_found,
        source_uri
    from objects
    union all
    select
        job_name,
        'failed objects' as check_name,
        label_status = 'failed' as is_found,
        source_uri
    from objects
    union all
    select
        job_name,
        'empty images' as check_name,
        label_count = 0 as is_found,
        source_uri
    from objects
    where
        label_status = 'labeled'
        and label is null
        and label_count is not null
),

image_sizes as (
    select
        job_name,
        object_index,
        max(image_width) as image_width,
        max(image_height) as image_height
    from data_objects
    where image_width is not null
    group by job_name, object_index
),

known_jobs as (
    select distinct job_name
    from label_categories
),

known_classes as (
    select distinct
        job_name,
        label
    from label_categories
    where label is not null
),

required_counts as (
    select
        annotations.job_name,
        annotations.object_index,
        annotations.frame_index,
        annotations.annotation_index,
        count(distinct attribute_definitions.attribute_name) as required_count,
        count(distinct annotation_attributes.attribute_name) as filled_count
    from annotations
    inner join attribute_definitions
        on annotations.job_name = attribute_definitions.job_name
        and (attribute_definitions.label is null or annotations.label = attribute_definitions.label)
    left join annotation_attributes
        on annotations.job_name = annotation_attributes.job_name
        and annotations.object_index = annotation_attributes.object_index
        and coalesce(annotations.frame_index, -1) = coalesce(annotation_attributes.frame_index, -1)
        and annotations.annotation_index = annotation_attributes.annotation_index
        and attribute_definitions.attribute_name = annotation_attributes.attribute_name
    group by
        annotations.job_name,
        annotations.object_index,
        annotations.frame_index,
        annotations.annotation_index
),

checked_annotations as (
    select
        annotations.job_name,
        objects.source_uri,
        annotations.label,
        annotations.shape,
        annotations.area,
        annotations.box_left,
        annotations.box_top,
        annotations.box_left + annotations.box_width as box_right,
        annotations.box_top + annotations.box_height as box_bottom,
        image_sizes.image_width,
        image_sizes.image_height,
        known_jobs.job_name is not null as has_config,
        known_classes.label is not null as is_in_config,
        required_counts.required_count,
        required_counts.filled_count
    from annotations
    left join objects
        on annotations.job_name = objects.job_name
        and annotations.object_index = objects.object_index
    left join image_sizes
        on annotations.job_name = image_sizes.job_name
        and annotations.object_index = image_sizes.object_index
    left join known_jobs on annotations.job_name = known_jobs.job_name
    left join known_classes
        on annotations.job_name = known_classes.job_name
        and annotations.label = known_classes.label
    left join required_counts
        on annotations.job_name = required_counts.job_name
        and annotations.object_index = required_counts.object_index
        and coalesce(annotations.frame_index, -1) = coalesce(required_counts.frame_index, -1)
        and annotations.annotation_index = required_counts.annotation_index
),

annotation_findings as (
    select
        job_name,
        'labels outside the config' as check_name,
        not is_in_config as is_found,
        source_uri
    from checked_annotations
    where
        has_config
        and label is not null
    union all
    select
        job_name,
        'missing required attributes' as check_name,
        filled_count < required_count as is_found,
        source_uri
    from checked_annotations
    where required_count is not null
    union all
    select
        job_name,
        'tiny boxes' as check_name,
        area < {{ var('tiny_box_area') }} as is_found,
        source_uri
    from checked_annotations
    where shape = 'box'
    union all
    select
        job_name,
        'boxes outside the image' as check_name,
        box_left < 0 or box_top < 0 or box_right > image_width or box_bottom > image_height as is_found,
        source_uri
    from checked_annotations
    where
        shape = 'box'
        and image_width is not null
        and image_height is not null
),

class_findings as (
    select
        job_name,
        'classes under the minimum' as check_name,
        annotation_count < {{ var('class_minimum_count') }} as is_found,
        cast(null as varchar) as source_uri
    from class_counts
    union all
    select
        job_name,
        'imbalance' as check_name,
        annotation_count * {{ var('maximum_imbalance_ratio') }} < largest_annotation_count as is_found,
        cast(null as varchar) as source_uri
    from class_counts
),

findings as (
    select * from object_findings
    union all
    select * from annotation_findings
    union all
    select * from class_findings
),

counts as (
    select
        job_name,
        check_name,
        cast(count(*) as bigint) as checked_count,
        cast(count(case when is_found then 1 end) as bigint) as found_count,
        min(case when is_found then source_uri end) as example_uri
    from findings
    group by job_name, check_name
),

-- Every job has every check, also if there is nothing to check.
final as (
    select
        labeling_jobs.job_name,
        labeling_jobs.job_kind,
        labeling_jobs.audited_job_name,
        checks.check_name,
        checks.unit,
        checks.finding,
        coalesce(counts.found_count, 0) as found_count,
        coalesce(counts.checked_count, 0) as checked_count,
        counts.example_uri
    from labeling_jobs
    cross join checks
    left join counts
        on labeling_jobs.job_name = counts.job_name
        and checks.check_name = counts.check_name
)

select * from final
