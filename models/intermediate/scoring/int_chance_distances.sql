{#-
  How unlike the answers of each pair of int_bounded_chance_pairs are, as int_answer_comparisons scores two answers to one object:
  overlapping labels of the same class are matched by rounds of mutual best overlap.
-#}
{%- set rounds = 5 -%}
{%- set pair_columns = ['job_name', 'object_index', 'label_set_key', 'other_object_index', 'other_label_set_key'] -%}
{%- set pair_key = pair_columns | join(', ') -%}

with pairs as (
    select * from {{ ref('int_bounded_chance_pairs') }}
),

set_members as (
    select * from {{ ref('int_label_set_members') }}
    where set_kind = 'answer'
),

-- How far two keypoints may be apart depends on the extent of their sets.
members as (
    select
        *,
        {{ label_set_extent() }}
    from set_members
),

pair_overlaps as (
    {{ labels_by_chance('pairs', 'members') }}
),

candidates_0 as (
    select
        {{ pair_key }},
        member_no,
        other_member_no,
        overlap,
        row_number() over (
            partition by {{ pair_key }}
            order by overlap desc, member_no asc, other_member_no asc
        ) as candidate_rank
    from pair_overlaps
    where {{ is_enough_overlap() }}
),

{{ mutual_best_matches(pair_key, 'member_no', 'other_member_no', ['overlap'], rounds) }},

match_counts as (
    select
        {{ pair_key }},
        count(*) as match_count
    from candidates_{{ rounds }}
    where is_match
    group by {{ pair_key }}
),

matched_pairs as (
    select
        pairs.*,
        coalesce(match_counts.match_count, 0) as match_count
    from pairs
    left join match_counts
        on pairs.job_name = match_counts.job_name
        and pairs.object_index = match_counts.object_index
        and pairs.label_set_key = match_counts.label_set_key
        and pairs.other_object_index = match_counts.other_object_index
        and pairs.other_label_set_key = match_counts.other_label_set_key
),

distances as (
    select
        {{ pair_key }},
        shape,
        {{ set_distance('match_count', 'member_count', 'other_member_count', 'jaccard') }} as jaccard_distance,
        {{ set_distance('match_count', 'member_count', 'other_member_count', 'masi') }} as masi_distance,
        {{ set_distance('match_count', 'member_count', 'other_member_count', 'f1') }} as f1_distance
    from matched_pairs
)

select * from distances
