-- Of each adjusted object, every label before and every label after has one change. Without it, a label that is matched
-- twice, or lost between the two sets, makes an adjustment look larger or smaller than it was.
with adjustments as (
    select
        job_name,
        sum(annotation_count) as label_count,
        sum(kept_count + moved_count + resized_count + relabeled_count + attribute_changed_count + removed_count)
            as before_count,
        sum(kept_count + moved_count + resized_count + relabeled_count + attribute_changed_count + added_count)
            as after_count
    from {{ ref('rpt_adjustments') }}
    group by job_name
),

changed_objects as (
    select distinct
        job_name,
        object_index
    from {{ ref('int_label_changes') }}
),

members as (
    select
        members.job_name,
        sum(case when members.set_kind = 'inherited' then 1 else 0 end) as before_count,
        sum(case when members.set_kind = 'consolidated' then 1 else 0 end) as after_count
    from {{ ref('int_label_set_members') }} as members
    inner join changed_objects
        on members.job_name = changed_objects.job_name
        and members.object_index = changed_objects.object_index
    group by members.job_name
)

select
    adjustments.*,
    members.before_count as members_before,
    members.after_count as members_after
from adjustments
left join members on adjustments.job_name = members.job_name
where
    adjustments.before_count <> coalesce(members.before_count, 0)
    or adjustments.label_count <> coalesce(members.before_count, 0)
    or adjustments.after_count <> coalesce(members.after_count, 0)
