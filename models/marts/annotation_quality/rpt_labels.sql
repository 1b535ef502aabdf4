with annotations as (
    select * from {{ ref('fct_annotations') }}
),

-- A frame counts once, however many labels of a class it has.
labels_by_frame as (
    select
        job_name,
        job_kind,
        audited_job_name,
        label,
        labeled_date,
        object_index,
        frame_index,
        count(*) as annotation_count,
        sum(confidence) as confidence_sum,
        count(confidence) as confidence_count
    from annotations
    where not is_inherited
    group by
        job_name,
        job_kind,
        audited_job_name,
        label,
        labeled_date,
        object_index,
        frame_index
),

final as (
    select
        job_name,
        max(job_kind) as job_kind,
        max(audited_job_name) as audited_job_name,
        label,
        labeled_date,
        cast(sum(annotation_count) as bigint) as annotation_count,
        cast(sum(case when job_kind = 'label' then annotation_count else 0 end) as bigint) as made_count,
        cast(sum(case when job_kind <> 'label' then annotation_count else 0 end) as bigint) as reviewed_count,
        cast(count(distinct object_index) as bigint) as object_count,
        cast(nullif(count(frame_index), 0) as bigint) as frame_count,
        {{ safe_divide('sum(confidence_sum)', 'sum(confidence_count)') }} as mean_confidence,
        cast(sum(confidence_count) as bigint) as confidence_count
    from labels_by_frame
    group by
        job_name,
        label,
        labeled_date
)

select * from final
