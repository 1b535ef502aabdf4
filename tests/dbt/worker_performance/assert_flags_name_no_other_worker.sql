-- A worker who may read what is said of them reads no name of a colleague. Without it, row-level security hides the
-- rows of others and shows their names.
with flags as (
    select * from {{ ref('rpt_worker_flags') }}
),

workers as (
    select * from {{ ref('rpt_workers') }}
)

select
    flags.job_name,
    flags.worker_name,
    workers.worker_name as named_worker,
    flags.explanation
from flags
inner join workers on flags.worker_key <> workers.worker_key
where replace(flags.explanation, workers.worker_name, '') <> flags.explanation
