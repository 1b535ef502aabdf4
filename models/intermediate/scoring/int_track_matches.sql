{%- set pair_of_sets = "job_name, object_index, reference_set_key, answer_set_key" -%}
{%- set rounds = 5 -%}

with label_overlaps as (
    select * from {{ ref('int_label_overlaps') }}
),

-- In how many frames two tracks overlap, under the same class.
track_overlaps as (
    select
        {{ pair_of_sets }},
        reference_track_id,
        answer_track_id,
        cast(count(distinct frame_index) as bigint) as frame_count,
        sum(overlap) as total_overlap
    from label_overlaps
    where
        is_same_label
        and frame_index is not null
        and reference_track_id is not null
        and answer_track_id is not null
    group by {{ pair_of_sets }}, reference_track_id, answer_track_id
),

candidates_0 as (
    select
        {{ pair_of_sets }},
        reference_track_id,
        answer_track_id,
        frame_count,
        row_number() over (
            partition by {{ pair_of_sets }}
            order by frame_count desc, round(total_overlap, 6) desc, reference_track_id asc, answer_track_id asc
        ) as candidate_rank
    from track_overlaps
),

{{ mutual_best_matches(pair_of_sets, 'reference_track_id', 'answer_track_id', ['frame_count'], rounds) }},

track_matches as (
    select
        {{ pair_of_sets }},
        reference_track_id,
        answer_track_id,
        frame_count
    from candidates_{{ rounds }}
    where is_match
)

select * from track_matches
