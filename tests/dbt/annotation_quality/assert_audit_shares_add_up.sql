-- The shares of a job, label and kind of outcome add up to 1, and are of labels or of objects, never of both; no
-- adjusted object is lost. Without it, a share of the wrong total, or an adjusted object that is lost because it has no
-- labels left, makes an audit look better.
with results as (
    select * from {{ ref('rpt_audit_results') }}
),

shares as (
    select
        job_name,
        label,
        outcome_kind,
        sum(case when outcome_kind = 'attribute' then annotation_share else object_share end) as share_sum,
        max(case when outcome_kind = 'attribute' then object_share else annotation_share end) as other_share
    from results
    group by job_name, label, outcome_kind
),

-- An object counts for each of its classes, so at least once.
reported as (
    select
        job_name,
        outcome,
        sum(object_count) as object_count
    from results
    where outcome_kind = 'adjustment'
    group by job_name, outcome
),

adjusted as (
    select
        job_name,
        adjustment_status as outcome,
        count(*) as object_count
    from {{ ref('fct_object_labels') }}
    where
        adjustment_status is not null
        and not is_inherited
    group by job_name, adjustment_status
)

select
    job_name,
    outcome_kind || ' shares' as what,
    share_sum as found_value
from shares
where abs(share_sum - 1) > 1e-9 or share_sum is null or other_share is not null
union all
select
    adjusted.job_name,
    adjusted.outcome || ' objects' as what,
    cast(reported.object_count as double) as found_value
from adjusted
left join reported
    on adjusted.job_name = reported.job_name
    and adjusted.outcome = reported.outcome
where coalesce(reported.object_count, 0) < adjusted.object_count
