with checks as (
    select * from {{ ref('int_dataset_checks') }}
),

final as (
    select
        job_name,
        cast(job_kind as varchar) as job_kind,
        audited_job_name,
        cast(check_name as varchar) as check_name,
        cast(unit as varchar) as unit,
        found_count,
        checked_count,
        {{ safe_divide('found_count', 'checked_count') }} as found_share,
        {{ wilson_low(safe_divide('found_count', 'checked_count'), 'checked_count') }} as found_share_low,
        {{ wilson_high(safe_divide('found_count', 'checked_count'), 'checked_count') }} as found_share_high,
        example_uri,
        case
            when checked_count = 0 then 'Nothing to check.'
            else
                cast(found_count as varchar) || ' of ' || cast(checked_count as varchar) || ' '
                || case unit when 'class' then 'classes' else unit || 's' end || ' ' || finding || '.'
        end as explanation
    from checks
)

select * from final
