with label_reviews as (
    select * from {{ ref('int_label_reviews') }}
),

votes_by_item as (
    select
        job_name,
        item_uri,
        label,
        max(confidence) as confidence,
        count(case when not is_consolidated and is_confirmed then 1 end) as confirm_count,
        count(case when not is_consolidated and not is_confirmed then 1 end) as disconfirm_count,
        bool_and(is_confirmed) as is_correct
    from label_reviews
    group by
        job_name,
        item_uri,
        label
),

final as (
    select
        job_name,
        item_uri,
        label,
        confidence,
        -- The number of votes behind a consolidated verdict is not known.
        cast(case when confirm_count + disconfirm_count > 0 then confirm_count end as bigint) as confirm_count,
        cast(case when confirm_count + disconfirm_count > 0 then disconfirm_count end as bigint) as disconfirm_count,
        is_correct,
        case
            when confirm_count + disconfirm_count > 0 then confirm_count > 0 and disconfirm_count > 0
        end as is_split
    from votes_by_item
)

select * from final
