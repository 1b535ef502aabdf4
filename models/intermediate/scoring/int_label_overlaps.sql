{%- set pair_of_sets = "job_name, object_index, reference_set_key, answer_set_key" -%}

with members as (
    select * from {{ ref('int_label_set_members') }}
),

-- Labels of the same class, shape and frame in an answer and in one of its references: the golden set, the consolidated
-- set, or an earlier answer, so that each pair of answers comes once.
pairs_of_labels as (
    select
        reference_members.job_name,
        reference_members.object_index,
        reference_members.shape,
        reference_members.label_set_key as reference_set_key,
        answer_members.label_set_key as answer_set_key,
        reference_members.member_no as reference_member_no,
        answer_members.member_no as answer_member_no,
        case reference_members.shape
            when 'class' then 1
            when 'box' then {{ box_iou('reference_members', 'answer_members') }}
            when 'span' then {{ span_iou('reference_members', 'answer_members') }}
        end as overlap
    from members as reference_members
    inner join members as answer_members
        on reference_members.job_name = answer_members.job_name
        and reference_members.object_index = answer_members.object_index
        and reference_members.shape = answer_members.shape
        and reference_members.label = answer_members.label
        -- Outside sequences both are NULL.
        and coalesce(reference_members.frame_index, -1) = coalesce(answer_members.frame_index, -1)
        and (reference_members.set_kind <> 'answer' or reference_members.answer_no < answer_members.answer_no)
    where answer_members.set_kind = 'answer'
),

pairs_above_threshold as (
    select
        {{ pair_of_sets }},
        reference_member_no,
        answer_member_no,
        overlap
    from pairs_of_labels
    where
        shape = 'class'
        or (shape = 'box' and overlap >= {{ var('box_iou_threshold') }})
        or (shape = 'span' and overlap >= {{ var('span_iou_threshold') }})
),

label_overlaps as (
    select
        *,
        count(*) over (partition by {{ pair_of_sets }}, reference_member_no) > 1
        or count(*) over (partition by {{ pair_of_sets }}, answer_member_no) > 1 as is_contested
    from pairs_above_threshold
)

select * from label_overlaps
