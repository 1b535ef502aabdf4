{{ config(pre_hook="{{ add_attribute_columns_to_contract() }}") }}

with frames as (
    select * from {{ ref('stg_ground_truth__frames') }}
),

annotations as (
    select * from {{ ref('int_annotations') }}
),

frame_attributes as (
    select * from {{ ref('fct_frame_attributes') }}
),

annotation_totals as (
    select
        job_name,
        object_index,
        frame_index,
        cast(count(*) as bigint) as annotation_count,
        -- Labels of a detection job carry no track: how many things they are is not known.
        cast(case when count(track_id) > 0 then count(distinct track_id) end as bigint) as track_count
    from annotations
    where
        frame_index is not null
        and not is_inherited
    group by
        job_name,
        object_index,
        frame_index
),

attribute_values as (
    select
        job_name,
        object_index,
        frame_index
        {{- pivot_attribute_columns() }}
    from frame_attributes
    group by
        job_name,
        object_index,
        frame_index
),

final as (
    select
        frames.job_name,
        frames.object_index,
        frames.frame_index,
        frames.frame_name,
        coalesce(annotation_totals.annotation_count, 0) as annotation_count,
        case
            when annotation_totals.annotation_count is null then 0
            else annotation_totals.track_count
        end as track_count
        {{- select_attribute_columns('attribute_values') }}
    from frames
    left join annotation_totals
        on frames.job_name = annotation_totals.job_name
        and frames.object_index = annotation_totals.object_index
        and frames.frame_index = annotation_totals.frame_index
    left join attribute_values
        on frames.job_name = attribute_values.job_name
        and frames.object_index = attribute_values.object_index
        and frames.frame_index = attribute_values.frame_index
)

select * from final
