-- Every frame that was loaded, empty or not, is in fct_frames once, with as many labels as the loader counted in it.
-- Without it, empty frames that vanish, or labels in the wrong frame, raise every mean per frame.
with staged as (
    select * from {{ ref('stg_ground_truth__frames') }}
),

marts as (
    select * from {{ ref('fct_frames') }}
)

select
    staged.annotation_count as staged_count,
    marts.annotation_count as mart_count,
    coalesce(staged.job_name, marts.job_name) as job_name,
    coalesce(staged.object_index, marts.object_index) as object_index,
    coalesce(staged.frame_index, marts.frame_index) as frame_index
from staged
full outer join marts
    on staged.job_name = marts.job_name
    and staged.object_index = marts.object_index
    and staged.frame_index = marts.frame_index
where coalesce(staged.annotation_count, -1) <> coalesce(marts.annotation_count, -1)
