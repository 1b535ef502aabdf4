{#
  Rounds of mutual best overlap. Each settles at least the best open candidate of every pair of sets; with a threshold
  of half or more few labels have two candidates at all, and chains of them end within these rounds.
#}
{%- set rounds = 5 -%}
{%- set pair = "job_name, object_index, left_set_no, right_set_no" -%}

with members as (
    select * from {{ ref('int_label_set_members') }}
),

-- Labels of the same class and shape in two sets of an object. The right set is an answer (set_no from 2), so that
-- each pair of sets comes once.
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
        and left_members.set_no < right_members.set_no
    where right_members.set_no > 1
),

close_enough as (
    select * from overlapping
    where
        shape = 'class'
        or (shape = 'box' and overlap >= {{ var('box_iou_threshold') }})
        or (shape = 'span' and overlap >= {{ var('span_iou_threshold') }})
),

-- One order over all candidates of a pair of sets, ties included: whatever is first in it is best for both its
-- labels, so every round makes progress.
candidates_0 as (
    select
        {{ pair }},
        left_member_no,
        right_member_no,
        overlap,
        row_number() over (
            partition by {{ pair }}
            order by overlap desc, left_member_no asc, right_member_no asc
        ) as candidate_rank
    from close_enough
    where shape <> 'class'
),

{% for round in range(1, rounds + 1) -%}
    -- Round {{ round }}: what is best for both its labels is a match, and the other candidates of those labels go.
    -- Matches stay, alone by then, and are found again.
    best_{{ round }} as (
        select
            {{ pair }},
            left_member_no,
            right_member_no,
            overlap,
            candidate_rank,
            candidate_rank = min(candidate_rank) over (partition by {{ pair }}, left_member_no)
            and candidate_rank = min(candidate_rank) over (partition by {{ pair }}, right_member_no) as is_match
        from candidates_{{ round - 1 }}
    ),

    taken_{{ round }} as (
        select
            *,
            bool_or(is_match) over (partition by {{ pair }}, left_member_no)
            or bool_or(is_match) over (partition by {{ pair }}, right_member_no) as is_taken
        from best_{{ round }}
    ),

    candidates_{{ round }} as (
        select * from taken_{{ round }}
        where
            is_match
            or not is_taken
    ),

{% endfor -%}
-- A class matches its like, without rounds.
matches as (
    select
        {{ pair }},
        left_member_no,
        right_member_no,
        overlap,
        true as is_match
    from close_enough
    where shape = 'class'
    union all
    select
        {{ pair }},
        left_member_no,
        right_member_no,
        overlap,
        is_match
    from candidates_{{ rounds }}
)

select * from matches
