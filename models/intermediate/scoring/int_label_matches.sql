{#
  Rounds of mutual best overlap. Each round settles at least the best open candidate of every pair of sets. With a
  threshold of one half or more, few labels have two candidates at all, and chains of them end within these rounds.
#}
{%- set rounds = 5 -%}
{%- set pair_of_sets = "job_name, object_index, reference_set_key, answer_set_key" -%}

with label_overlaps as (
    select * from {{ ref('int_label_overlaps') }}
),

-- Equal labels tie. If several labels of one set overlap several of the other alike, the first goes with the first and
-- the second with the second, so one round settles them all.
ranked_ties as (
    select
        {{ pair_of_sets }},
        reference_member_no,
        answer_member_no,
        overlap,
        row_number() over (
            partition by {{ pair_of_sets }}, reference_member_no, overlap
            order by answer_member_no
        ) as answer_tie_rank,
        row_number() over (
            partition by {{ pair_of_sets }}, answer_member_no, overlap
            order by reference_member_no
        ) as reference_tie_rank
    from label_overlaps
    where is_contested
),

-- One order over all candidates of a pair of sets, ties included. The first candidate is the best for both its labels,
-- so every round makes progress.
candidates_0 as (
    select
        {{ pair_of_sets }},
        reference_member_no,
        answer_member_no,
        overlap,
        row_number() over (
            partition by {{ pair_of_sets }}
            order by
                overlap desc,
                abs(reference_tie_rank - answer_tie_rank) asc,
                reference_member_no asc,
                answer_member_no asc
        ) as candidate_rank
    from ranked_ties
),

{% for round in range(1, rounds + 1) -%}
    -- Round {{ round }}: a candidate that is the best for both its labels is a match, and the other candidates of those
    -- labels are dropped. Matches of earlier rounds have no rivals left, so they are found again.
    best_{{ round }} as (
        select
            {{ pair_of_sets }},
            reference_member_no,
            answer_member_no,
            overlap,
            candidate_rank,
            candidate_rank = min(candidate_rank) over (partition by {{ pair_of_sets }}, reference_member_no)
            and candidate_rank = min(candidate_rank) over (partition by {{ pair_of_sets }}, answer_member_no)
                as is_match
        from candidates_{{ round - 1 }}
    ),

    taken_{{ round }} as (
        select
            *,
            bool_or(is_match) over (partition by {{ pair_of_sets }}, reference_member_no)
            or bool_or(is_match) over (partition by {{ pair_of_sets }}, answer_member_no) as is_taken
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
        {{ pair_of_sets }},
        reference_member_no,
        answer_member_no,
        overlap,
        true as is_match
    from label_overlaps
    where not is_contested
    union all
    select
        {{ pair_of_sets }},
        reference_member_no,
        answer_member_no,
        overlap,
        is_match
    from candidates_{{ rounds }}
)

select * from matches
