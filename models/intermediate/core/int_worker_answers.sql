with answers as (
    select * from {{ ref('stg_ground_truth__worker_answers') }}
),

current_files as (
    select * from {{ ref('current_source_files') }}
),

worker_frames as (
    select * from {{ ref('stg_ground_truth__worker_frames') }}
),

-- A consolidation request names its workers by their ids alone; answers elsewhere tell who that is.
identities as (
    select
        worker_id,
        max(worker_key) as worker_key,
        max(identity_provider) as identity_provider,
        max(identity_issuer) as identity_issuer,
        max(identity_sub) as identity_sub
    from answers
    where identity_issuer is not null and identity_sub is not null
    group by worker_id
    having count(distinct worker_key) = 1
),

sourced as (
    select
        answers.load_id,
        answers.file_no,
        answers.answer_index,
        answers.payload_folder,
        answers.job_name,
        answers.iteration,
        answers.object_index,
        coalesce(identities.worker_key, answers.worker_key) as worker_key,
        answers.worker_id,
        answers.workforce,
        coalesce(answers.identity_provider, identities.identity_provider) as identity_provider,
        coalesce(answers.identity_issuer, identities.identity_issuer) as identity_issuer,
        coalesce(answers.identity_sub, identities.identity_sub) as identity_sub,
        answers.accepted_at,
        answers.submitted_at,
        answers.time_spent_seconds,
        answers.task_type,
        answers.label_count,
        current_files.file_kind = 'consolidation_request' as is_of_request,
        bool_and(current_files.file_kind = 'consolidation_request') over (
            partition by answers.job_name, answers.object_index
        ) as is_known_by_requests_alone
    from answers
    inner join current_files
        on answers.load_id = current_files.load_id
        and answers.file_no = current_files.file_no
    left join identities
        on answers.worker_id = identities.worker_id
        and answers.identity_sub is null
),

-- One submission may stand in several files, of one iteration or of several. The same worker cannot submit
-- the same object twice within a second, so the first of them is kept and the others say nothing new. What a
-- consolidation was given repeats the answers, without their times: it counts only where nothing else is there, and
-- as one answer of each worker.
ranked as (
    select
        *,
        row_number() over (
            partition by job_name, object_index, worker_key, date_trunc('second', submitted_at)
            order by iteration nulls last, load_id, file_no, answer_index
        ) as submission_rank
    from sourced
    where
        not is_of_request
        or is_known_by_requests_alone
),

-- Answers to sequences have a file for each frame, in a folder of their own.
frame_files as (
    select
        job_name,
        load_id is not null as is_read,
        {{ dbt.split_part('uri', "'/annotations/worker-response/'", 2) }} as answer_file
    from current_files
    where file_kind = 'worker_frame'
),

payloads as (
    select
        job_name,
        {{ dbt.split_part('answer_file', "'/'", 1) }} as iteration_folder,
        {{ dbt.split_part('answer_file', "'/'", 2) }} as object_folder,
        {{ dbt.split_part('answer_file', "'/'", 3) }} as payload_folder,
        bool_and(is_read) as is_read_whole
    from frame_files
    group by
        job_name,
        {{ dbt.split_part('answer_file', "'/'", 1) }},
        {{ dbt.split_part('answer_file', "'/'", 2) }},
        {{ dbt.split_part('answer_file', "'/'", 3) }}
),

payload_totals as (
    select
        job_name,
        iteration,
        object_index,
        payload_folder,
        case when bool_and(annotation_count is not null) then sum(annotation_count) end as label_count
    from worker_frames
    group by
        job_name,
        iteration,
        object_index,
        payload_folder
),

numbered as (
    select
        ranked.load_id,
        ranked.file_no,
        ranked.answer_index,
        ranked.payload_folder,
        ranked.job_name,
        ranked.iteration,
        ranked.object_index,
        ranked.worker_key,
        ranked.worker_id,
        ranked.workforce,
        ranked.identity_provider,
        ranked.identity_issuer,
        ranked.identity_sub,
        cast(ranked.accepted_at as timestamp(3)) as accepted_at,
        cast(ranked.submitted_at as timestamp(3)) as submitted_at,
        ranked.task_type,
        -- With the labels of its frames, if every frame that is there could be read.
        cast(case
            when ranked.payload_folder is null then ranked.label_count
            when payloads.is_read_whole then coalesce(ranked.label_count, 0) + payload_totals.label_count
        end as integer) as label_count,
        cast(row_number() over (
            partition by ranked.job_name, ranked.object_index
            order by
                ranked.submitted_at nulls last,
                ranked.worker_key,
                ranked.load_id,
                ranked.file_no,
                ranked.answer_index
        ) as integer) as answer_no,
        -- Less than no time is a clock that was set back: not known.
        case when ranked.time_spent_seconds >= 0 then ranked.time_spent_seconds end as time_spent_seconds
    from ranked
    left join payloads
        on ranked.job_name = payloads.job_name
        and 'iteration-' || cast(ranked.iteration as varchar) = payloads.iteration_folder
        and cast(ranked.object_index as varchar) = payloads.object_folder
        and ranked.payload_folder = payloads.payload_folder
    left join payload_totals
        on ranked.job_name = payload_totals.job_name
        and ranked.iteration = payload_totals.iteration
        and ranked.object_index = payload_totals.object_index
        and ranked.payload_folder = payload_totals.payload_folder
    where ranked.submission_rank = 1
)

select * from numbered
