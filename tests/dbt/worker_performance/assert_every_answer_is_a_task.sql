-- Every submission in a worker response is one row of fct_worker_tasks, and so is every worker in a consolidation
-- request for an object without a worker response. Without it, a join that drops or doubles answers changes every count
-- and rate of people's work, and no key test need notice.
with staged_answers as (
    select * from {{ ref('stg_ground_truth__worker_answers') }}
),

identities as (
    {{ identities_by_worker_id('staged_answers') }}
),

-- A submission may be in two files, of which one does not say whose it is.
answers as (
    select
        staged_answers.job_name,
        staged_answers.object_index,
        coalesce(identities.worker_key, staged_answers.worker_key) as worker_key,
        date_trunc('second', staged_answers.submitted_at) as submitted_second,
        files.file_kind
    from staged_answers
    inner join {{ ref('current_source_files') }} as files
        on staged_answers.load_id = files.load_id
        and staged_answers.file_no = files.file_no
    left join identities
        on staged_answers.worker_id = identities.worker_id
        and staged_answers.identity_sub is null
),

responded as (
    select distinct
        job_name,
        object_index
    from answers
    where file_kind = 'worker_response'
),

staged as (
    select distinct
        answers.job_name,
        answers.object_index,
        answers.worker_key,
        answers.submitted_second
    from answers
    left join responded
        on answers.job_name = responded.job_name
        and answers.object_index = responded.object_index
    where
        answers.file_kind = 'worker_response'
        or responded.job_name is null
),

counts as (
    select
        (select count(*) from staged) as staged_count,
        (select count(*) from {{ ref('int_worker_answers') }}) as answer_count,
        (select count(*) from {{ ref('fct_worker_tasks') }}) as task_count
)

select * from counts
where
    staged_count <> answer_count
    or answer_count <> task_count
