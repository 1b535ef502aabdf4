-- What two workers have in common is counted of what both answered. A join that finds an object twice, or a pair in the
-- other order, would raise one count above the other, and suspect people who did nothing.
with pairs as (
    select * from {{ ref('rpt_worker_pairs') }}
)

select
    job_name,
    worker_key,
    other_worker_key
from pairs
where
    reference_object_count > class_object_count
    or coalesce(same_wrong_count, 0) > reference_object_count
    or coalesce(expected_same_wrong_count, 0) > reference_object_count
    or (same_wrong_count is null) <> (reference_object_count = 0)
    or (expected_same_wrong_count is null) <> (reference_object_count = 0)
    or drawn_object_count > object_count
    or coalesce(identical_count, 0) > drawn_object_count
    or (identical_count is null) <> (drawn_object_count = 0)
    or worker_key >= other_worker_key
