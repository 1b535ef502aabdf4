with worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

object_answers as (
    select * from {{ ref('int_object_answers') }}
),

comparisons as (
    select * from {{ ref('int_answer_comparisons') }}
    where reference_kind in ('golden', 'consolidated')
),

members as (
    select * from {{ ref('int_label_set_members') }}
),

matches as (
    select * from {{ ref('int_label_matches') }}
    where
        is_match
        and reference_set_key in ('golden', 'consolidated')
),

-- What an answer is judged by: the golden labels if there are any, else the consolidated labels. The label that one
-- worker's answer alone became is no reference for it.
ranked_references as (
    select
        comparisons.job_name,
        comparisons.object_index,
        comparisons.answer_no,
        comparisons.reference_set_key,
        comparisons.member_count,
        row_number() over (
            partition by comparisons.job_name, comparisons.object_index, comparisons.answer_no
            order by comparisons.reference_kind desc
        ) as reference_rank
    from comparisons
    inner join object_answers
        on comparisons.job_name = object_answers.job_name
        and comparisons.object_index = object_answers.object_index
    where
        comparisons.score is not null
        and (comparisons.reference_kind = 'golden' or object_answers.worker_count >= 2)
),

answers as (
    select
        {{ task_key('worker_answers') }} as task_key,
        {{ object_key('worker_answers') }} as object_key,
        worker_answers.job_name,
        worker_answers.object_index,
        worker_answers.answer_no,
        worker_answers.worker_key,
        worker_answers.submitted_at,
        ranked_references.reference_set_key,
        ranked_references.member_count
    from worker_answers
    left join ranked_references
        on worker_answers.job_name = ranked_references.job_name
        and worker_answers.object_index = ranked_references.object_index
        and worker_answers.answer_no = ranked_references.answer_no
        and ranked_references.reference_rank = 1
),

answer_labels as (
    select
        answers.task_key,
        answers.object_key,
        answers.worker_key,
        answers.submitted_at,
        answers.reference_set_key,
        answers.member_count,
        members.*
    from members
    inner join answers
        on members.job_name = answers.job_name
        and members.object_index = answers.object_index
        and members.answer_no = answers.answer_no
    where members.set_kind = 'answer'
),

reference_cuboids as (
    select * from members
    where
        shape = 'cuboid'
        and set_kind in ('golden', 'consolidated')
),

-- The class that an answer of one class ought to have been.
reference_classes as (
    select
        job_name,
        object_index,
        label_set_key,
        max(label) as label
    from members
    where
        shape = 'class'
        and set_kind in ('golden', 'consolidated')
    group by job_name, object_index, label_set_key
    having count(*) = 1
),

compared_labels as (
    select
        answer_labels.*,
        matches.overlap,
        matches.is_same_label,
        coalesce(matches.reference_label, reference_classes.label) as reference_label,
        {{ center_distance('answer_labels', 'reference_cuboids') }} as translation_error,
        {{ scale_error('answer_labels', 'reference_cuboids') }} as scale_error,
        {{ yaw_error('answer_labels', 'reference_cuboids') }} as yaw_error
    from answer_labels
    left join matches
        on answer_labels.job_name = matches.job_name
        and answer_labels.object_index = matches.object_index
        and answer_labels.reference_set_key = matches.reference_set_key
        and answer_labels.label_set_key = matches.answer_set_key
        and answer_labels.member_no = matches.answer_member_no
    left join reference_classes
        on answer_labels.shape = 'class'
        and answer_labels.member_count = 2
        and answer_labels.job_name = reference_classes.job_name
        and answer_labels.object_index = reference_classes.object_index
        and answer_labels.reference_set_key = reference_classes.label_set_key
    left join reference_cuboids
        on answer_labels.shape = 'cuboid'
        and matches.job_name = reference_cuboids.job_name
        and matches.object_index = reference_cuboids.object_index
        and matches.reference_set_key = reference_cuboids.label_set_key
        and matches.reference_member_no = reference_cuboids.member_no
),

final as (
    select
        compared_labels.task_key || '/' || coalesce(cast(compared_labels.frame_index as varchar), '-')
        || '/' || cast(compared_labels.annotation_index as varchar) as worker_label_key,
        compared_labels.task_key,
        {{ frame_key('compared_labels') }} as frame_key,
        compared_labels.object_key,
        compared_labels.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        labeling_jobs.task_type,
        compared_labels.object_index,
        compared_labels.frame_index,
        compared_labels.annotation_index,
        compared_labels.worker_key,
        {{ worker_name('compared_labels.worker_key') }} as worker_name,
        compared_labels.submitted_at,
        cast(compared_labels.submitted_at as date) as submitted_date,
        compared_labels.shape,
        compared_labels.label,
        compared_labels.track_id,
        compared_labels.box_left,
        compared_labels.box_top,
        compared_labels.box_width,
        compared_labels.box_height,
        compared_labels.start_offset,
        compared_labels.end_offset,
        compared_labels.center_x,
        compared_labels.center_y,
        compared_labels.center_z,
        compared_labels.cuboid_length,
        compared_labels.cuboid_width,
        compared_labels.cuboid_height,
        compared_labels.yaw,
        compared_labels.area,
        compared_labels.reference_set_key as reference,
        compared_labels.reference_label,
        cast(case
            when compared_labels.reference_set_key is null then null
            when compared_labels.is_same_label then 'right'
            when compared_labels.reference_label is not null then 'other label'
            else 'added'
        end as varchar) as outcome,
        compared_labels.overlap,
        compared_labels.translation_error,
        compared_labels.scale_error,
        compared_labels.yaw_error,
        compared_labels.source_file_uri
    from compared_labels
    inner join labeling_jobs on compared_labels.job_name = labeling_jobs.job_name
)

select * from final
