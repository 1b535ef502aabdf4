with counts as (
    select * from {{ ref('int_class_answer_counts') }}
),

-- Only objects with two or more answers say anything about agreement; Gwet's chance agreement is of all.
class_totals as (
    select
        job_name,
        label,
        sum(case when object_answer_count >= 2 then class_answer_count else 0 end) as paired_count,
        sum(class_answer_count / object_answer_count) as object_shares
    from counts
    group by job_name, label
),

job_sizes as (
    select
        job_name,
        count(distinct object_index) as unit_count,
        sum(case when object_answer_count >= 2 then class_answer_count else 0 end) as paired_count
    from counts
    group by job_name
),

classes as (
    select
        class_totals.job_name,
        class_totals.label,
        class_totals.paired_count as class_paired_count,
        class_totals.object_shares / job_sizes.unit_count as class_share,
        job_sizes.paired_count
    from class_totals
    inner join job_sizes on class_totals.job_name = job_sizes.job_name
)

select * from classes
