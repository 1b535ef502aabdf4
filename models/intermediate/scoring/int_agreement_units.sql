with counts as (
    select * from {{ ref('int_class_answer_counts') }}
),

classes as (
    select * from {{ ref('int_agreement_classes') }}
),

-- All classes at once: a unit is an object.
objects as (
    select
        counts.job_name,
        cast(null as varchar) as label,
        counts.object_index,
        max(counts.object_answer_count) as answer_count,
        sum(counts.class_answer_count * counts.class_answer_count) as squares,
        sum(counts.class_answer_count * classes.class_paired_count) as cross_products,
        sum(counts.class_answer_count * (1 - classes.class_share)) as other_shares
    from counts
    inner join classes
        on counts.job_name = classes.job_name
        and counts.label = classes.label
    group by counts.job_name, counts.object_index
),

-- One class against the rest: objects with as many answers, and as many of the class, are alike, so they are counted.
-- Most objects have no answer of the class.
object_sizes as (
    select
        job_name,
        object_answer_count as answer_count,
        cast(count(distinct object_index) as double) as weight
    from counts
    group by job_name, object_answer_count
),

used_groups as (
    select
        job_name,
        label,
        object_answer_count as answer_count,
        class_answer_count,
        cast(count(*) as double) as weight
    from counts
    group by
        job_name,
        label,
        object_answer_count,
        class_answer_count
),

unused_groups as (
    select
        classes.job_name,
        classes.label,
        object_sizes.answer_count,
        cast(0 as double) as class_answer_count,
        object_sizes.weight - coalesce(sum(used_groups.weight), 0) as weight
    from classes
    inner join object_sizes on classes.job_name = object_sizes.job_name
    left join used_groups
        on classes.job_name = used_groups.job_name
        and classes.label = used_groups.label
        and object_sizes.answer_count = used_groups.answer_count
    group by
        classes.job_name,
        classes.label,
        object_sizes.answer_count,
        object_sizes.weight
),

groups as (
    select * from used_groups
    union all
    select * from unused_groups
    where weight > 0
),

class_units as (
    select
        groups.job_name,
        groups.label,
        groups.weight,
        groups.answer_count,
        groups.class_answer_count * groups.class_answer_count
        + (groups.answer_count - groups.class_answer_count) * (groups.answer_count - groups.class_answer_count)
            as squares,
        groups.class_answer_count * classes.class_paired_count
        + (groups.answer_count - groups.class_answer_count) * (classes.paired_count - classes.class_paired_count)
            as cross_products,
        groups.class_answer_count * (1 - classes.class_share)
        + (groups.answer_count - groups.class_answer_count) * classes.class_share as other_shares
    from groups
    inner join classes
        on groups.job_name = classes.job_name
        and groups.label = classes.label
),

scopes as (
    select
        job_name,
        cast(null as varchar) as label,
        cast(null as double) as label_answer_count,
        max(paired_count) as paired_count,
        sum(class_paired_count * class_paired_count) as total_squares,
        sum(class_share * (1 - class_share)) as class_variances,
        cast(count(*) as double) as class_count
    from classes
    group by job_name
    union all
    select
        job_name,
        label,
        class_paired_count as label_answer_count,
        paired_count,
        class_paired_count * class_paired_count
        + (paired_count - class_paired_count) * (paired_count - class_paired_count) as total_squares,
        2 * class_share * (1 - class_share) as class_variances,
        cast(2 as double) as class_count
    from classes
),

units as (
    select
        job_name,
        label,
        cast(1 as double) as weight,
        answer_count,
        squares,
        cross_products,
        other_shares
    from objects
    union all
    select
        job_name,
        label,
        weight,
        answer_count,
        squares,
        cross_products,
        other_shares
    from class_units
),

agreement_units as (
    select
        units.job_name,
        units.label,
        units.weight,
        units.answer_count,
        units.squares,
        units.cross_products,
        units.other_shares,
        scopes.label_answer_count,
        scopes.paired_count,
        scopes.total_squares,
        scopes.class_variances,
        scopes.class_count
    from units
    inner join scopes
        on units.job_name = scopes.job_name
        -- Both are NULL for all classes.
        and coalesce(units.label, '') = coalesce(scopes.label, '')
        and (units.label is null) = (scopes.label is null)
)

select * from agreement_units
