{#
  Pairs of answers of a job, whatever their objects: what Krippendorff's expected disagreement is the mean of. All of them,
  or if there are more than var agreement_sample_pairs, about as many, the same in every run: the answers stand in a ring
  by the hash of their key, and each is paired with those that follow it. If even the answers are more, the first of the
  ring are taken.
#}
{%- set sample_pairs = var('agreement_sample_pairs') -%}

with answers as (
    select * from {{ ref('int_agreement_answers') }}
    where
        not is_single_class
        and object_answer_count >= 2
        -- The loader measures overlaps within an object.
        and shape not in ('polygon', 'polyline', 'mask')
),

keyed_answers as (
    select
        *,
        {{ text_hash("job_name || '/' || cast(object_index as varchar) || '/' || label_set_key") }} as answer_hash
    from answers
),

ring as (
    select
        *,
        row_number() over (partition by job_name order by answer_hash, object_index, label_set_key) - 1 as place,
        count(*) over (partition by job_name) as job_answer_count
    from keyed_answers
),

ring_sizes as (
    select
        *,
        least(job_answer_count, {{ sample_pairs }}) as ring_size
    from ring
    where place < {{ sample_pairs }}
),

-- How many followers each answer is paired with. Half of the ring is everybody.
reaches as (
    select
        *,
        case
            when ring_size * (ring_size - 1) / 2 <= {{ sample_pairs }} then ring_size / 2
            else greatest({{ sample_pairs }} / ring_size, 1)
        end as reach
    from ring_sizes
),

-- The places count the steps too.
steps as (
    select
        job_name,
        place as step
    from reaches
    where place between 1 and reach
),

-- Across the ring, each is the other's follower.
followers as (
    select
        reaches.*,
        steps.step,
        (reaches.place + steps.step) % reaches.ring_size as follower_place
    from reaches
    inner join steps on reaches.job_name = steps.job_name
    where
        2 * steps.step <> reaches.ring_size
        or 2 * reaches.place < reaches.ring_size
),

pairs as (
    select
        followers.job_name,
        followers.shape,
        followers.object_index,
        followers.label_set_key,
        followers.member_count,
        other_answers.object_index as other_object_index,
        other_answers.label_set_key as other_label_set_key,
        other_answers.member_count as other_member_count,
        row_number() over (
            partition by followers.job_name
            order by followers.step, followers.place
        ) as pair_no
    from followers
    inner join reaches as other_answers
        on followers.job_name = other_answers.job_name
        and followers.follower_place = other_answers.place
)

select * from pairs
