with members as (
    select * from {{ ref('int_label_set_members') }}
),

matches as (
    select * from {{ ref('int_label_matches') }}
    where
        reference_set_key = 'inherited'
        and is_match
),

adjusted_objects as (
    select * from {{ ref('int_adjusted_objects') }}
),

-- Labels before and after that were too many to be matched.
set_aside_objects as (
    select
        job_name,
        object_index
    from {{ ref('int_crowded_comparisons') }}
    where
        reference_set_key = 'inherited'
        and set_aside_reason is not null
),

adjusted_labels as (
    select * from {{ ref('int_adjusted_labels') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

annotation_attributes as (
    select * from {{ ref('int_annotation_attributes') }}
    where attribute_value is not null
),

labels_before as (
    select * from members
    where set_kind = 'inherited'
),

labels_after as (
    select members.*
    from members
    inner join adjusted_objects
        on members.job_name = adjusted_objects.job_name
        and members.object_index = adjusted_objects.object_index
    where members.set_kind = 'consolidated'
),

-- Attribute values of a label before and after, under the label's number before: one that changed is there once.
attributes_before as (
    select
        labels_before.job_name,
        labels_before.object_index,
        labels_before.member_no,
        annotation_attributes.attribute_name,
        annotation_attributes.attribute_value
    from labels_before
    inner join adjusted_labels
        on labels_before.job_name = adjusted_labels.job_name
        and labels_before.object_index = adjusted_labels.object_index
        and labels_before.annotation_index = adjusted_labels.annotation_index
        -- Outside sequences both are NULL.
        and coalesce(labels_before.frame_index, -1) = coalesce(adjusted_labels.frame_index, -1)
    inner join annotation_attributes
        on adjusted_labels.earlier_job_name = annotation_attributes.job_name
        and adjusted_labels.earlier_object_index = annotation_attributes.object_index
        and adjusted_labels.earlier_label_attribute_name = annotation_attributes.label_attribute_name
        and adjusted_labels.annotation_index = annotation_attributes.annotation_index
        and coalesce(adjusted_labels.frame_index, -1) = coalesce(annotation_attributes.frame_index, -1)
),

attributes_after as (
    select
        matches.job_name,
        matches.object_index,
        matches.reference_member_no as member_no,
        annotation_attributes.attribute_name,
        annotation_attributes.attribute_value
    from matches
    inner join labels_after
        on matches.job_name = labels_after.job_name
        and matches.object_index = labels_after.object_index
        and matches.answer_member_no = labels_after.member_no
    inner join annotation_attributes
        on labels_after.job_name = annotation_attributes.job_name
        and labels_after.object_index = annotation_attributes.object_index
        and labels_after.annotation_index = annotation_attributes.annotation_index
        and coalesce(labels_after.frame_index, -1) = coalesce(annotation_attributes.frame_index, -1)
        and not annotation_attributes.is_inherited
),

attributes as (
    select * from attributes_before
    union all
    select * from attributes_after
),

changed_attributes as (
    select
        job_name,
        object_index,
        member_no,
        attribute_name,
        attribute_value
    from attributes
    group by
        job_name,
        object_index,
        member_no,
        attribute_name,
        attribute_value
    having count(*) = 1
),

labels_with_changed_attributes as (
    select distinct
        job_name,
        object_index,
        member_no
    from changed_attributes
),

compared_labels as (
    select
        labels_before.job_name,
        labels_before.object_index,
        labels_before.frame_index,
        labels_before.member_no,
        labels_before.shape,
        labels_before.label,
        labels_after.label as label_after,
        matches.overlap,
        matches.answer_member_no is not null as is_matched,
        labels_with_changed_attributes.member_no is not null as is_attribute_changed,
        case labels_before.shape
            when 'box'
                then
                    labels_before.box_width = labels_after.box_width
                    and labels_before.box_height = labels_after.box_height
            when 'span'
                then
                    labels_before.end_offset - labels_before.start_offset
                    = labels_after.end_offset - labels_after.start_offset
            when 'cuboid'
                then
                    labels_before.cuboid_length = labels_after.cuboid_length
                    and labels_before.cuboid_width = labels_after.cuboid_width
                    and labels_before.cuboid_height = labels_after.cuboid_height
            when 'polygon' then abs(labels_before.area - labels_after.area) <= labels_before.area / 1000000
            when 'mask' then labels_before.area = labels_after.area
            -- Keypoints and polylines have no size.
            else true
        end as is_same_size,
        case
            when labels_before.shape = 'box'
                then
                    labels_before.box_left = labels_after.box_left
                    and labels_before.box_top = labels_after.box_top
            when labels_before.shape = 'span' then labels_before.start_offset = labels_after.start_offset
            when labels_before.shape = 'cuboid'
                then
                    labels_before.center_x = labels_after.center_x
                    and labels_before.center_y = labels_after.center_y
                    and labels_before.center_z = labels_after.center_z
                    and labels_before.yaw is not distinct from labels_after.yaw
            else matches.overlap > 0.999999
        end as is_same_place,
        case labels_before.shape
            when 'box'
                then
                    sqrt(
                        power(
                            labels_before.box_left + labels_before.box_width / 2
                            - labels_after.box_left - labels_after.box_width / 2,
                            2
                        )
                        + power(
                            labels_before.box_top + labels_before.box_height / 2
                            - labels_after.box_top - labels_after.box_height / 2,
                            2
                        )
                    )
            when 'keypoint' then {{ center_distance('labels_before', 'labels_after') }}
            when 'cuboid'
                then
                    sqrt(
                        power({{ center_distance('labels_before', 'labels_after') }}, 2)
                        + power(labels_before.center_z - labels_after.center_z, 2)
                    )
        end as center_shift
    from labels_before
    left join matches
        on labels_before.job_name = matches.job_name
        and labels_before.object_index = matches.object_index
        and labels_before.member_no = matches.reference_member_no
    left join labels_after
        on matches.job_name = labels_after.job_name
        and matches.object_index = labels_after.object_index
        and matches.answer_member_no = labels_after.member_no
    left join labels_with_changed_attributes
        on labels_before.job_name = labels_with_changed_attributes.job_name
        and labels_before.object_index = labels_with_changed_attributes.object_index
        and labels_before.member_no = labels_with_changed_attributes.member_no
    -- Labels that nobody could compare did not change as far as anyone knows.
    where
        labels_before.shape in ('class', 'box', 'span', 'cuboid', 'keypoint')
        or labels_before.label_key is not null
),

-- One change a label: the one that changes most of what it is worth.
changed_labels as (
    select
        job_name,
        object_index,
        frame_index,
        shape,
        label,
        label_after,
        overlap,
        center_shift,
        case
            when not is_matched then 'removed'
            when label is distinct from label_after then 'relabeled'
            when not is_same_size then 'resized'
            when not is_same_place then 'moved'
            when is_attribute_changed then 'attribute_changed'
            else 'kept'
        end as change_kind
    from compared_labels
),

added_labels as (
    select
        labels_after.job_name,
        labels_after.object_index,
        labels_after.frame_index,
        labels_after.shape,
        cast(null as varchar) as label,
        labels_after.label as label_after,
        cast(null as double) as overlap,
        cast(null as double) as center_shift,
        'added' as change_kind
    from labels_after
    left join matches
        on labels_after.job_name = matches.job_name
        and labels_after.object_index = matches.object_index
        and labels_after.member_no = matches.answer_member_no
    where
        matches.job_name is null
        and (
            labels_after.shape in ('class', 'box', 'span', 'cuboid', 'keypoint')
            or labels_after.label_key is not null
        )
),

changes as (
    select * from changed_labels
    union all
    select * from added_labels
),

label_changes as (
    select
        changes.job_name,
        labeling_jobs.audited_job_name,
        changes.object_index,
        changes.frame_index,
        changes.shape,
        changes.label,
        changes.label_after,
        changes.change_kind,
        changes.overlap,
        changes.center_shift
    from changes
    inner join labeling_jobs on changes.job_name = labeling_jobs.job_name
    left join set_aside_objects
        on changes.job_name = set_aside_objects.job_name
        and changes.object_index = set_aside_objects.object_index
    where set_aside_objects.job_name is null
)

select * from label_changes
