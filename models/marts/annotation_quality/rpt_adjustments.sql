with label_changes as (
    select * from {{ ref('int_label_changes') }}
),

audited_objects as (
    select * from {{ ref('int_audited_objects') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

counts as (
    select
        label_changes.job_name,
        label_changes.audited_job_name,
        audited_objects.worker_key,
        coalesce(label_changes.label, label_changes.label_after) as label,
        cast(count(distinct label_changes.object_index) as bigint) as object_count,
        cast(count(case when label_changes.change_kind <> 'added' then 1 end) as bigint) as annotation_count,
        {%- for kind in ['kept', 'moved', 'resized', 'added', 'removed', 'relabeled', 'attribute_changed'] %}
            cast(count(case when label_changes.change_kind = '{{ kind }}' then 1 end) as bigint) as {{ kind }}_count,
        {%- endfor %}
        cast(count(label_changes.overlap) as bigint) as overlap_count,
        avg(label_changes.overlap) as mean_overlap,
        cast(count(label_changes.center_shift) as bigint) as center_shift_count,
        avg(label_changes.center_shift) as mean_center_shift
    from label_changes
    left join audited_objects
        on label_changes.job_name = audited_objects.job_name
        and label_changes.object_index = audited_objects.object_index
    group by
        label_changes.job_name,
        label_changes.audited_job_name,
        audited_objects.worker_key,
        coalesce(label_changes.label, label_changes.label_after)
),

final as (
    select
        counts.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        counts.audited_job_name,
        counts.audited_job_name as adjusted_job_name,
        counts.worker_key,
        {{ worker_name('counts.worker_key') }} as worker_name,
        counts.label,
        counts.object_count,
        counts.annotation_count,
        counts.annotation_count - counts.kept_count as adjusted_count,
        {{ safe_divide('counts.annotation_count - counts.kept_count', 'counts.annotation_count') }} as adjusted_share,
        {{ wilson_low(
            safe_divide('counts.annotation_count - counts.kept_count', 'counts.annotation_count'),
            'counts.annotation_count'
        ) }} as adjusted_share_low,
        {{ wilson_high(
            safe_divide('counts.annotation_count - counts.kept_count', 'counts.annotation_count'),
            'counts.annotation_count'
        ) }} as adjusted_share_high,
        counts.kept_count,
        counts.moved_count,
        counts.resized_count,
        counts.added_count,
        counts.removed_count,
        counts.relabeled_count,
        counts.attribute_changed_count,
        counts.overlap_count,
        -- Rounded, because sums of doubles end differently in another order.
        round(counts.mean_overlap, 9) as mean_iou,
        counts.center_shift_count,
        round(counts.mean_center_shift, 9) as mean_center_shift
    from counts
    inner join labeling_jobs on counts.job_name = labeling_jobs.job_name
)

select * from final
