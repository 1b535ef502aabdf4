with label_reviews as (
    select * from {{ ref('int_label_reviews') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

votes_by_item as (
    select
        job_name,
        item_uri,
        label,
        max(confidence) as confidence,
        count(case when not is_consolidated then 1 end) as vote_count,
        count(case when not is_consolidated and is_confirmed then 1 end) as confirm_count,
        count(case when not is_consolidated and not is_confirmed then 1 end) as disconfirm_count,
        bool_and(is_confirmed) as is_correct,
        -- An item that was also chosen is no random one.
        coalesce(max(case when sample_kind <> 'random' then sample_kind end), max(sample_kind)) as sample_kind,
        max(item_file_uri) as source_file_uri
    from label_reviews
    group by
        job_name,
        item_uri,
        label
),

-- The number of votes behind a consolidated verdict is not known.
items as (
    select
        job_name,
        item_uri,
        label,
        confidence,
        case when vote_count > 0 then confirm_count end as confirm_count,
        case when vote_count > 0 then disconfirm_count end as disconfirm_count,
        is_correct,
        case when vote_count > 0 then confirm_count > 0 and disconfirm_count > 0 end as is_split,
        sample_kind,
        source_file_uri
    from votes_by_item
),

final as (
    select
        {{ item_key('items') }} as item_key,
        items.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        items.item_uri,
        items.label,
        items.confidence,
        cast(items.confirm_count as bigint) as confirm_count,
        cast(items.disconfirm_count as bigint) as disconfirm_count,
        items.is_correct,
        items.is_split,
        items.sample_kind,
        items.source_file_uri
    from items
    inner join labeling_jobs on items.job_name = labeling_jobs.job_name
)

select * from final
