with bands as (
    select * from {{ ref('rpt_review_bands') }}
),

-- From the highest band down, bands are kept until one has too many wrong items; an empty one is passed over.
failing_bands as (
    select
        *,
        max(case when incorrect_count * {{ var('review_cost_ratio') }} > correct_count then band_high end) over (
            partition by job_name, label, is_total
        ) as highest_failing
    from bands
),

kept_bands as (
    select
        *,
        highest_failing is null or band_low >= highest_failing as is_kept
    from failing_bands
),

totals as (
    select
        job_name,
        max(job_kind) as job_kind,
        max(audited_job_name) as audited_job_name,
        label,
        is_total,
        coalesce(max(highest_failing), min(band_low)) as lowest_kept,
        cast(sum(case when is_kept then item_count else 0 end) as bigint) as item_count,
        cast(sum(case when is_kept then correct_count else 0 end) as bigint) as correct_count
    from kept_bands
    group by job_name, label, is_total
),

shares as (
    select
        *,
        {{ safe_divide('correct_count', 'item_count') }} as correct_share
    from totals
),

final as (
    select
        job_name,
        cast(job_kind as varchar) as job_kind,
        audited_job_name,
        label,
        is_total,
        case when item_count > 0 then lowest_kept end as threshold,
        item_count,
        correct_count,
        correct_share,
        {{ wilson_low('correct_share', 'item_count') }} as correct_share_low,
        {{ wilson_high('correct_share', 'item_count') }} as correct_share_high
    from shares
)

select * from final
