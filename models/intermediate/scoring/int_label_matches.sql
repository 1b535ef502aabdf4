{#
  Rounds of mutual best overlap. Each round settles at least the best open candidate of every pair of sets. With a
  threshold of one half or more, few labels have two candidates at all, and chains of them end within these rounds.
#}
{%- set rounds = 5 -%}
{%- set pair_of_sets = "job_name, object_index, reference_set_key, answer_set_key" -%}
{%- set kept_columns = ['frame_index', 'reference_label', 'answer_label', 'reference_track_id', 'answer_track_id',
    'is_same_label', 'overlap'] -%}

with label_overlaps as (
    select * from {{ ref('int_label_overlaps') }}
),

-- Equal labels tie. If several labels of one set overlap several of the other alike, the first goes with the first and
-- the second with the second, so one round settles them all.
ranked_ties as (
    select
        *,
        row_number() over (
            partition by {{ pair_of_sets }}, reference_member_no, is_same_label, overlap
            order by answer_member_no
        ) as answer_tie_rank,
        row_number() over (
            partition by {{ pair_of_sets }}, answer_member_no, is_same_label, overlap
            order by reference_member_no
        ) as reference_tie_rank
    from label_overlaps
    where is_contested
),

-- One order over all candidates of a pair of sets, ties included. A label is matched within its class if it can be, so
-- one matching serves both: scores count the matches of the same class, confusion counts them all.
candidates_0 as (
    select
        *,
        row_number() over (
            partition by {{ pair_of_sets }}
            order by
                case when is_same_label then 0 else 1 end asc,
                overlap desc,
                abs(reference_tie_rank - answer_tie_rank) asc,
                reference_member_no asc,
                answer_member_no asc
        ) as candidate_rank
    from ranked_ties
),

{{ mutual_best_matches(pair_of_sets, 'reference_member_no', 'answer_member_no', kept_columns, rounds) }},

matches as (
    select
        {{ pair_of_sets }},
        reference_member_no,
        answer_member_no,
        {{ kept_columns | join(', ') }},
        true as is_match
    from label_overlaps
    where not is_contested
    union all
    select
        {{ pair_of_sets }},
        reference_member_no,
        answer_member_no,
        {{ kept_columns | join(', ') }},
        is_match
    from candidates_{{ rounds }}
)

select * from matches
