with label_reviews as (
    select * from {{ ref('fct_label_reviews') }}
    where confidence is not null
),

bands as (
    {{ confidence_bands(var('confidence_bands')) }}
),

-- Each item is counted under its label, and in the total: a class may be named as the total is.
items as (
    select
        job_name,
        job_kind,
        audited_job_name,
        label,
        false as is_total,
        confidence,
        is_correct
    from label_reviews
    where label is not null
    union all
    select
        job_name,
        job_kind,
        audited_job_name,
        'all' as label,
        true as is_total,
        confidence,
        is_correct
    from label_reviews
),

labels as (
    select distinct
        job_name,
        job_kind,
        audited_job_name,
        label,
        is_total
    from items
),

-- A band without items has a row.
counts as (
    select
        labels.job_name,
        labels.job_kind,
        labels.audited_job_name,
        labels.label,
        labels.is_total,
        bands.band_low,
        bands.band_high,
        cast(count(items.is_correct) as bigint) as item_count,
        cast(count(case when items.is_correct then 1 end) as bigint) as correct_count
    from labels
    cross join bands
    left join items
        on labels.job_name = items.job_name
        and labels.label = items.label
        and labels.is_total = items.is_total
        and bands.band_low <= items.confidence
        and (bands.band_high > items.confidence or (bands.is_last_band and bands.band_high = items.confidence))
    group by
        labels.job_name,
        labels.job_kind,
        labels.audited_job_name,
        labels.label,
        labels.is_total,
        bands.band_low,
        bands.band_high
),

shares as (
    select
        *,
        item_count - correct_count as incorrect_count,
        {{ safe_divide('correct_count', 'item_count') }} as correct_share
    from counts
),

final as (
    select
        job_name,
        cast(job_kind as varchar) as job_kind,
        audited_job_name,
        cast(label as varchar) as label,
        is_total,
        band_low,
        band_high,
        item_count,
        correct_count,
        incorrect_count,
        correct_share,
        {{ wilson_low('correct_share', 'item_count') }} as correct_share_low,
        {{ wilson_high('correct_share', 'item_count') }} as correct_share_high,
        -- The mean of the labels' shares, each label weighing the same.
        case
            when is_total
                then avg(case when not is_total then correct_share end) over (partition by job_name, band_low)
        end as mean_label_share
    from shares
)

select * from final
