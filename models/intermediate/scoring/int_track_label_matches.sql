{%- set pair_of_sets = "job_name, object_index, reference_set_key, answer_set_key" -%}
{%- set rounds = 5 -%}
{%- set kept_columns = ['frame_index', 'reference_track_id', 'answer_track_id'] -%}

with label_overlaps as (
    select * from {{ ref('int_label_overlaps') }}
    where
        is_same_label
        and frame_index is not null
        and reference_track_id is not null
        and answer_track_id is not null
),

track_matches as (
    select * from {{ ref('int_track_matches') }}
),

-- A first matching, of tracks that belong together before others.
first_candidates_0 as (
    select
        label_overlaps.*,
        row_number() over (
            partition by
                label_overlaps.job_name,
                label_overlaps.object_index,
                label_overlaps.reference_set_key,
                label_overlaps.answer_set_key
            order by
                case when track_matches.job_name is not null then 0 else 1 end asc,
                label_overlaps.overlap desc,
                label_overlaps.reference_member_no asc,
                label_overlaps.answer_member_no asc
        ) as candidate_rank
    from label_overlaps
    left join track_matches
        on label_overlaps.job_name = track_matches.job_name
        and label_overlaps.object_index = track_matches.object_index
        and label_overlaps.reference_set_key = track_matches.reference_set_key
        and label_overlaps.answer_set_key = track_matches.answer_set_key
        and label_overlaps.reference_track_id = track_matches.reference_track_id
        and label_overlaps.answer_track_id = track_matches.answer_track_id
),

{{ mutual_best_matches(
    pair_of_sets,
    'reference_member_no',
    'answer_member_no',
    kept_columns,
    rounds,
    candidates='first_candidates'
) }},

-- The track that a reference's track is matched with in it, until it is matched again.
last_matches as (
    select
        {{ pair_of_sets }},
        reference_track_id,
        answer_track_id,
        frame_index,
        lead(frame_index) over (
            partition by {{ pair_of_sets }}, reference_track_id
            order by frame_index, reference_member_no
        ) as next_frame_index
    from first_candidates_{{ rounds }}
    where is_match
),

-- The second matching: a track goes on with the track that it was matched with before, if the two still overlap.
candidates_0 as (
    select
        label_overlaps.job_name,
        label_overlaps.object_index,
        label_overlaps.reference_set_key,
        label_overlaps.answer_set_key,
        label_overlaps.frame_index,
        label_overlaps.reference_member_no,
        label_overlaps.answer_member_no,
        label_overlaps.reference_track_id,
        label_overlaps.answer_track_id,
        row_number() over (
            partition by
                label_overlaps.job_name,
                label_overlaps.object_index,
                label_overlaps.reference_set_key,
                label_overlaps.answer_set_key
            order by
                case when label_overlaps.answer_track_id = last_matches.answer_track_id then 0 else 1 end asc,
                label_overlaps.overlap desc,
                label_overlaps.reference_member_no asc,
                label_overlaps.answer_member_no asc
        ) as candidate_rank
    from label_overlaps
    left join last_matches
        on label_overlaps.job_name = last_matches.job_name
        and label_overlaps.object_index = last_matches.object_index
        and label_overlaps.reference_set_key = last_matches.reference_set_key
        and label_overlaps.answer_set_key = last_matches.answer_set_key
        and label_overlaps.reference_track_id = last_matches.reference_track_id
        and label_overlaps.frame_index > last_matches.frame_index
        and label_overlaps.frame_index <= coalesce(last_matches.next_frame_index, label_overlaps.frame_index)
),

{{ mutual_best_matches(
    pair_of_sets,
    'reference_member_no',
    'answer_member_no',
    kept_columns,
    rounds
) }},

track_label_matches as (
    select
        {{ pair_of_sets }},
        reference_member_no,
        answer_member_no,
        frame_index,
        reference_track_id,
        answer_track_id
    from candidates_{{ rounds }}
    where is_match
)

select * from track_label_matches
