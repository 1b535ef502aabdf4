-- Each consolidated label that was read is in fct_annotations once, and in the mart's job. Without it, a join that
-- loses or doubles labels changes every count of labels, and the key test sees the doubled ones only.
with staged as (
    select
        job_name,
        count(*) as annotation_count
    from {{ ref('stg_ground_truth__annotations') }}
    group by job_name
),

marts as (
    select
        job_name,
        count(*) as annotation_count
    from {{ ref('fct_annotations') }}
    group by job_name
)

select
    staged.annotation_count as staged_count,
    marts.annotation_count as mart_count,
    coalesce(staged.job_name, marts.job_name) as job_name
from staged
full outer join marts on staged.job_name = marts.job_name
where coalesce(staged.annotation_count, 0) <> coalesce(marts.annotation_count, 0)
