with class_counts as (
    select * from {{ ref('int_class_counts') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

shares as (
    select
        *,
        {{ safe_divide('annotation_count', 'sum(annotation_count) over (partition by job_name)') }} as annotation_share
    from class_counts
),

final as (
    select
        shares.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        shares.label,
        shares.annotation_count,
        shares.annotation_share,
        shares.object_count,
        cast({{ var('class_minimum_count') }} as bigint) as expected_minimum,
        {{ safe_divide('shares.largest_annotation_count', 'shares.annotation_count') }} as imbalance_ratio,
        case
            when shares.annotation_share is not null
                then exp(-sum(
                    case
                        when shares.annotation_share > 0 then shares.annotation_share * ln(shares.annotation_share)
                        else 0
                    end
                ) over (partition by shares.job_name))
        end as effective_class_count
    from shares
    inner join labeling_jobs on shares.job_name = labeling_jobs.job_name
)

select * from final
