{#
  Rounds of mutual best overlap. Each settles at least the best open candidate of every pair of sets; with a threshold
  of half or more few labels have two candidates at all, and chains of them end within these rounds.
#}
{%- set rounds = 5 -%}
{%- set pair = "job_name, object_index, left_set_no, right_set_no" -%}

with label_overlaps as (
    select * from {{ ref('int_label_overlaps') }}
),

-- Equal labels tie: where each of some overlaps each of others as well, the first goes with the first, the second with
-- the second, so that one round settles them all.
placed as (
    select
        {{ pair }},
        left_member_no,
        right_member_no,
        overlap,
        row_number() over (
            partition by {{ pair }}, left_member_no, overlap
            order by right_member_no
        ) as right_place,
        row_number() over (
            partition by {{ pair }}, right_member_no, overlap
            order by left_member_no
        ) as left_place
    from label_overlaps
    where is_contested
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
            order by overlap desc, abs(left_place - right_place) asc, left_member_no asc, right_member_no asc
        ) as candidate_rank
    from placed
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
matches as (
    select
        {{ pair }},
        left_member_no,
        right_member_no,
        overlap,
        true as is_match
    from label_overlaps
    where not is_contested
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
