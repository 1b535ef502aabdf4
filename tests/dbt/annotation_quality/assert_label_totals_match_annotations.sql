-- rpt_labels counts each of a job's own labels once, as made or as reviewed, and no inherited label. Without it, a
-- label of a chained job that counts twice, or a group with a NULL label or date that is lost, changes a trend and
-- nothing else.
with annotations as (
    select
        job_name,
        count(*) as annotation_count
    from {{ ref('fct_annotations') }}
    where not is_inherited
    group by job_name
),

labels as (
    select
        job_name,
        sum(annotation_count) as annotation_count,
        sum(made_count + reviewed_count) as divided_count
    from {{ ref('rpt_labels') }}
    group by job_name
)

select
    annotations.annotation_count as fact_count,
    labels.annotation_count as report_count,
    coalesce(annotations.job_name, labels.job_name) as job_name
from annotations
full outer join labels on annotations.job_name = labels.job_name
where
    coalesce(annotations.annotation_count, -1) <> coalesce(labels.annotation_count, -1)
    or labels.annotation_count <> labels.divided_count
