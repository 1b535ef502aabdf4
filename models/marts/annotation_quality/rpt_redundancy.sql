{%- set sizes = [1, 3, 5, 7, 9] -%}

with class_answers as (
    select * from {{ ref('int_class_answers') }}
),

object_labels as (
    select * from {{ ref('int_object_labels') }}
    where
        not is_inherited
        and label_status = 'labeled'
        and label is not null
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

objects as (
    select
        object_labels.job_name,
        object_labels.object_index,
        object_labels.label,
        count(*) as answer_count,
        count(case when class_answers.label = object_labels.label then 1 end) as agreeing_count
    from object_labels
    inner join class_answers
        on object_labels.job_name = class_answers.job_name
        and object_labels.object_index = class_answers.object_index
    group by
        object_labels.job_name,
        object_labels.object_index,
        object_labels.label
),

-- Objects with as many answers, and as many of the label, are alike.
alike_objects as (
    select
        job_name,
        label,
        answer_count,
        agreeing_count,
        cast(count(*) as double) as object_count
    from objects
    group by
        job_name,
        label,
        answer_count,
        agreeing_count
),

sizes (workers_per_object) as (
    values
    {%- for size in sizes %}
        ({{ size }}){{ ',' if not loop.last }}
    {%- endfor %}
),

chances as (
    select
        alike_objects.job_name,
        alike_objects.label,
        sizes.workers_per_object,
        alike_objects.answer_count,
        alike_objects.object_count,
        case sizes.workers_per_object
            {%- for size in sizes %}
                when {{ size }}
                    then {{ majority_chance('alike_objects.agreeing_count', 'alike_objects.answer_count', size) }}
            {%- endfor %}
        end as stable_chance
    from alike_objects
    inner join sizes on alike_objects.answer_count >= sizes.workers_per_object
),

-- Rounded, because sums of doubles end differently in another order.
shares as (
    select
        job_name,
        label,
        workers_per_object,
        cast(sum(object_count) as bigint) as object_count,
        max(answer_count) as most_answers,
        round(sum(object_count * stable_chance) / sum(object_count), 9) as stable_share
    from chances
    group by grouping sets ((job_name, label, workers_per_object), (job_name, workers_per_object))
),

final as (
    select
        shares.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        shares.label,
        cast(shares.workers_per_object as bigint) as workers_per_object,
        shares.object_count,
        shares.stable_share,
        {{ wilson_low('shares.stable_share', 'shares.object_count') }} as stable_share_low,
        {{ wilson_high('shares.stable_share', 'shares.object_count') }} as stable_share_high,
        case
            when shares.object_count < {{ var('minimum_rank_count') }} then null
            when shares.stable_share < {{ var('redundancy_target_share') }} then false
            -- The label was made of these very answers: that they give it shows nothing.
            when shares.most_answers > shares.workers_per_object then true
        end as is_enough
    from shares
    inner join labeling_jobs on shares.job_name = labeling_jobs.job_name
)

select * from final
