-- Every consolidated label that was loaded is in fct_annotations once, and in its own job; of masks and segmented point
-- clouds, the classes that count. Without it, a join that loses or doubles labels changes every count of labels, and
-- the key test notices only the doubled ones.
with mask_files as (
    select
        load_id,
        file_no
    from {{ ref('current_source_files') }}
    where file_kind in ('mask', 'point_classes')
),

labels as (
    select annotations.job_name
    from {{ ref('stg_ground_truth__annotations') }} as annotations
    left join mask_files
        on annotations.load_id = mask_files.load_id
        and annotations.file_no = mask_files.file_no
    where mask_files.load_id is null
    union all
    select job_name
    from {{ ref('int_mask_labels') }}
),

staged as (
    select
        job_name,
        count(*) as annotation_count
    from labels
    group by job_name
),

marts as (
    select
        job_name,
        count(*) as annotation_count
    from {{ ref('fct_annotations') }}
    group by job_name
)

select
    staged.annotation_count as staged_count,
    marts.annotation_count as mart_count,
    coalesce(staged.job_name, marts.job_name) as job_name
from staged
full outer join marts on staged.job_name = marts.job_name
where coalesce(staged.annotation_count, 0) <> coalesce(marts.annotation_count, 0)
