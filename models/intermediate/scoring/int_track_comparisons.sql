{%- set pair_of_sets = "job_name, object_index, reference_set_key, answer_set_key" -%}

with comparisons as (
    select * from {{ ref('int_answer_comparisons') }}
),

members as (
    select * from {{ ref('int_label_set_members') }}
),

matches as (
    select * from {{ ref('int_track_label_matches') }}
),

track_matches as (
    select * from {{ ref('int_track_matches') }}
),

-- Sets all of whose labels belong to tracks.
track_sets as (
    select
        job_name,
        object_index,
        label_set_key,
        count(*) as label_count
    from members
    where frame_index is not null
    group by job_name, object_index, label_set_key
    having count(*) = count(track_id)
),

-- A switch: in the last frame before this one in which the reference's track was matched, it was with another track.
matches_in_order as (
    select
        *,
        lag(answer_track_id) over (
            partition by {{ pair_of_sets }}, reference_track_id
            order by frame_index, reference_member_no
        ) as answer_track_id_before
    from matches
),

switches as (
    select
        {{ pair_of_sets }},
        count(*) as match_count,
        count(case when answer_track_id <> answer_track_id_before then 1 end) as identity_switch_count
    from matches_in_order
    group by {{ pair_of_sets }}
),

identities as (
    select
        {{ pair_of_sets }},
        sum(frame_count) as identity_match_count
    from track_matches
    group by {{ pair_of_sets }}
),

track_comparisons as (
    select
        comparisons.job_name,
        comparisons.object_index,
        comparisons.reference_set_key,
        comparisons.answer_set_key,
        comparisons.reference_kind,
        comparisons.answer_no,
        coalesce(switches.match_count, 0) as match_count,
        coalesce(switches.identity_switch_count, 0) as identity_switch_count,
        coalesce(identities.identity_match_count, 0) as identity_match_count,
        comparisons.reference_member_count,
        comparisons.member_count
    from comparisons
    inner join track_sets as reference_tracks
        on comparisons.job_name = reference_tracks.job_name
        and comparisons.object_index = reference_tracks.object_index
        and comparisons.reference_set_key = reference_tracks.label_set_key
    inner join track_sets as answer_tracks
        on comparisons.job_name = answer_tracks.job_name
        and comparisons.object_index = answer_tracks.object_index
        and comparisons.answer_set_key = answer_tracks.label_set_key
    left join switches
        on comparisons.job_name = switches.job_name
        and comparisons.object_index = switches.object_index
        and comparisons.reference_set_key = switches.reference_set_key
        and comparisons.answer_set_key = switches.answer_set_key
    left join identities
        on comparisons.job_name = identities.job_name
        and comparisons.object_index = identities.object_index
        and comparisons.reference_set_key = identities.reference_set_key
        and comparisons.answer_set_key = identities.answer_set_key
    where
        comparisons.reference_kind <> 'answer'
        and comparisons.set_aside_reason is null
),

-- IDF1 (Ristani and others 2016): of the labels in both sets, those of tracks that belong together. MOTA (Bernardin and
-- Stiefelhagen 2008): 1 - (missed + added labels + switches) / labels of the reference; it may be negative.
measured as (
    select
        *,
        {{ safe_divide('2 * identity_match_count', 'member_count') }} as idf1,
        1 - {{ safe_divide(
            'member_count - 2 * match_count + identity_switch_count',
            'reference_member_count'
        ) }} as mota
    from track_comparisons
)

select * from measured
