{%- set pair = "job_name, object_index, left_set_no, right_set_no" -%}

with members as (
    select * from {{ ref('int_label_set_members') }}
),

-- Labels of the same class, shape and frame in two sets of an object. The right set is an answer (set_no from 2), so
-- that each pair of sets comes once.
overlapping as (
    select
        left_members.job_name,
        left_members.object_index,
        left_members.shape,
        left_members.set_no as left_set_no,
        right_members.set_no as right_set_no,
        left_members.member_no as left_member_no,
        right_members.member_no as right_member_no,
        case left_members.shape
            when 'class' then 1
            when 'box' then {{ box_iou('left_members', 'right_members') }}
            when 'span' then {{ span_iou('left_members', 'right_members') }}
        end as overlap
    from members as left_members
    inner join members as right_members
        on left_members.job_name = right_members.job_name
        and left_members.object_index = right_members.object_index
        and left_members.shape = right_members.shape
        and left_members.label = right_members.label
        -- NULL on both sides outside sequences.
        and coalesce(left_members.frame_index, -1) = coalesce(right_members.frame_index, -1)
        and left_members.set_no < right_members.set_no
    where right_members.set_no > 1
),

close_enough as (
    select
        {{ pair }},
        left_member_no,
        right_member_no,
        overlap
    from overlapping
    where
        shape = 'class'
        or (shape = 'box' and overlap >= {{ var('box_iou_threshold') }})
        or (shape = 'span' and overlap >= {{ var('span_iou_threshold') }})
),

overlaps_of_labels as (
    select
        *,
        count(*) over (partition by {{ pair }}, left_member_no) > 1
        or count(*) over (partition by {{ pair }}, right_member_no) > 1 as is_contested
    from close_enough
)

select * from overlaps_of_labels
