{#-
  Sets of so many labels that their pairs are bounded. What overlaps wholly because it is equal is matched by counting: the
  first of several equal labels with the first, the second with the second, as int_label_matches does.
-#}
{%- set pair_of_sets = "job_name, object_index, reference_set_key, answer_set_key" -%}
{%- set place = "frame_index, shape, label, box_left, box_top, box_width, box_height, start_offset, end_offset, "
    ~ "center_x, center_y" -%}

with members as (
    select * from {{ ref('int_label_set_members') }}
    where shape in ('box', 'span', 'cuboid', 'keypoint')
),

frame_sizes as (
    select
        job_name,
        object_index,
        label_set_key,
        set_kind,
        answer_no,
        shape,
        -- Outside sequences it is NULL.
        coalesce(frame_index, -1) as frame_no,
        count(*) as label_count
    from members
    group by job_name, object_index, label_set_key, set_kind, answer_no, shape, coalesce(frame_index, -1)
),

pairs_of_sets as (
    select
        reference_sizes.job_name,
        reference_sizes.object_index,
        reference_sizes.label_set_key as reference_set_key,
        answer_sizes.label_set_key as answer_set_key,
        sum(reference_sizes.label_count * answer_sizes.label_count) as label_pair_count
    from frame_sizes as reference_sizes
    inner join frame_sizes as answer_sizes
        on reference_sizes.job_name = answer_sizes.job_name
        and reference_sizes.object_index = answer_sizes.object_index
        and reference_sizes.shape = answer_sizes.shape
        and reference_sizes.frame_no = answer_sizes.frame_no
        and {{ is_compared('reference_sizes', 'answer_sizes') }}
    group by
        reference_sizes.job_name,
        reference_sizes.object_index,
        reference_sizes.label_set_key,
        answer_sizes.label_set_key
),

crowded_objects as (
    select
        job_name,
        object_index
    from pairs_of_sets
    group by job_name, object_index
    having max(label_pair_count) > {{ var('matching_overlap_limit') }}
),

crowded_pairs as (
    select
        pairs_of_sets.job_name,
        pairs_of_sets.object_index,
        pairs_of_sets.reference_set_key,
        pairs_of_sets.answer_set_key
    from pairs_of_sets
    inner join crowded_objects
        on pairs_of_sets.job_name = crowded_objects.job_name
        and pairs_of_sets.object_index = crowded_objects.object_index
),

crowded_members as (
    select
        members.*,
        {{ label_set_extent('members') }}
    from members
    inner join crowded_objects
        on members.job_name = crowded_objects.job_name
        and members.object_index = crowded_objects.object_index
),

-- A label without an area overlaps nothing. Two tracks overlap in all frames in which two of their labels do, so all
-- pairs of labels that belong to tracks are needed.
countable_members as (
    select
        *,
        coalesce(
            track_id is null
            and case
                when shape = 'keypoint' then {{ keypoint_overlap('crowded_members', 'crowded_members') }}
                else {{ label_overlap('crowded_members', 'crowded_members') }}
            end = 1,
            false
        ) as is_countable
    from crowded_members
),

copies as (
    select
        *,
        row_number() over (
            partition by
                job_name, object_index, label_set_key, is_countable, {{ place }}
            order by member_no
        ) as copy_no
    from countable_members
),

labels_of_pairs as (
    select
        crowded_pairs.reference_set_key,
        crowded_pairs.answer_set_key,
        true as is_reference,
        copies.*
    from crowded_pairs
    inner join copies
        on crowded_pairs.job_name = copies.job_name
        and crowded_pairs.object_index = copies.object_index
        and crowded_pairs.reference_set_key = copies.label_set_key
    union all
    select
        crowded_pairs.reference_set_key,
        crowded_pairs.answer_set_key,
        false as is_reference,
        copies.*
    from crowded_pairs
    inner join copies
        on crowded_pairs.job_name = copies.job_name
        and crowded_pairs.object_index = copies.object_index
        and crowded_pairs.answer_set_key = copies.label_set_key
),

equal_labels as (
    select
        *,
        min(case when is_reference then member_no end) over (
            partition by
                {{ pair_of_sets }}, is_countable, copy_no, {{ place }}
        ) as reference_member_no,
        min(case when not is_reference then member_no end) over (
            partition by
                {{ pair_of_sets }}, is_countable, copy_no, {{ place }}
        ) as answer_member_no
    from labels_of_pairs
),

crowded_labels as (
    select
        {{ pair_of_sets }},
        is_reference,
        label_set_key,
        member_no,
        frame_index,
        shape,
        label,
        track_id,
        box_left,
        box_top,
        box_width,
        box_height,
        start_offset,
        end_offset,
        center_x,
        center_y,
        left_end,
        right_end,
        upper_end,
        lower_end,
        case
            when not is_countable then null
            when is_reference then answer_member_no
            else reference_member_no
        end as equal_member_no
    from equal_labels
)

select * from crowded_labels
