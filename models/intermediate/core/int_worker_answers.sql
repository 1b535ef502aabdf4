with answers as (
    select * from {{ ref('stg_ground_truth__worker_answers') }}
),

current_files as (
    select * from {{ ref('current_source_files') }}
),

worker_frames as (
    select * from {{ ref('int_worker_frames') }}
),

identities_by_worker_id as (
    {{ identities_by_worker_id('answers') }}
),

identified_answers as (
    select
        answers.load_id,
        answers.file_no,
        answers.answer_index,
        answers.payload_folder,
        answers.job_name,
        answers.iteration,
        answers.object_index,
        coalesce(identities_by_worker_id.worker_key, answers.worker_key) as worker_key,
        answers.worker_id,
        answers.workforce,
        coalesce(answers.identity_provider, identities_by_worker_id.identity_provider) as identity_provider,
        coalesce(answers.identity_issuer, identities_by_worker_id.identity_issuer) as identity_issuer,
        coalesce(answers.identity_sub, identities_by_worker_id.identity_sub) as identity_sub,
        answers.accepted_at,
        answers.submitted_at,
        answers.time_spent_seconds,
        answers.task_type,
        answers.label_count,
        answers.source_file_uri,
        {{ answer_source_rank('current_files.file_kind') }} as source_rank,
        min({{ answer_source_rank('current_files.file_kind') }}) over (
            partition by answers.job_name, answers.object_index
        ) as best_source_rank
    from answers
    inner join current_files
        on answers.load_id = current_files.load_id
        and answers.file_no = current_files.file_no
    left join identities_by_worker_id
        on answers.worker_id = identities_by_worker_id.worker_id
        and answers.identity_sub is null
),

-- One submission may be in several files, of one iteration or of several. The same worker cannot submit the same object
-- twice within a second, so the first of such answers is kept and the others add nothing. A consolidation request
-- repeats the answers without their times, and so does a custom job's result that keeps them: they count only for
-- objects that have no better source, as one answer per worker.
submissions as (
    select
        *,
        row_number() over (
            partition by job_name, object_index, worker_key, date_trunc('second', submitted_at)
            order by iteration nulls last, load_id, file_no, answer_index
        ) as submission_rank
    from identified_answers
    where source_rank = best_source_rank
),

-- An answer to a sequence has one file per frame, in a folder of its own (the payload folder).
frame_files as (
    select
        job_name,
        load_id is not null as is_loaded,
        {{ dbt.split_part('uri', "'/annotations/worker-response/'", 2) }} as answer_file
    from current_files
    where file_kind = 'worker_frame'
),

folders as (
    select
        job_name,
        {{ dbt.split_part('answer_file', "'/'", 1) }} as iteration_folder,
        {{ dbt.split_part('answer_file', "'/'", 2) }} as object_folder,
        {{ dbt.split_part('answer_file', "'/'", 3) }} as payload_folder,
        bool_and(is_loaded) as is_complete
    from frame_files
    group by
        job_name,
        {{ dbt.split_part('answer_file', "'/'", 1) }},
        {{ dbt.split_part('answer_file', "'/'", 2) }},
        {{ dbt.split_part('answer_file', "'/'", 3) }}
),

label_counts as (
    select
        job_name,
        iteration,
        object_index,
        payload_folder,
        case when bool_and(annotation_count is not null) then sum(annotation_count) end as label_count
    from worker_frames
    where not is_repeated
    group by
        job_name,
        iteration,
        object_index,
        payload_folder
),

numbered_answers as (
    select
        submissions.load_id,
        submissions.file_no,
        submissions.answer_index,
        submissions.payload_folder,
        submissions.job_name,
        submissions.iteration,
        submissions.object_index,
        submissions.worker_key,
        submissions.worker_id,
        submissions.workforce,
        submissions.identity_provider,
        submissions.identity_issuer,
        submissions.identity_sub,
        cast(submissions.accepted_at as timestamp(3)) as accepted_at,
        cast(submissions.submitted_at as timestamp(3)) as submitted_at,
        submissions.task_type,
        submissions.source_file_uri,
        -- Of a sequence with the labels of its frames, if every frame file was loaded.
        cast(case
            when submissions.payload_folder is null then submissions.label_count
            when folders.is_complete then coalesce(submissions.label_count, 0) + label_counts.label_count
        end as integer) as label_count,
        cast(row_number() over (
            partition by submissions.job_name, submissions.object_index
            order by
                submissions.submitted_at nulls last,
                submissions.worker_key,
                submissions.load_id,
                submissions.file_no,
                submissions.answer_index
        ) as integer) as answer_no,
        -- A negative time means that a clock was set back: not known.
        case when submissions.time_spent_seconds >= 0 then submissions.time_spent_seconds end as time_spent_seconds,
        submissions.time_spent_seconds as reported_time_seconds
    from submissions
    left join folders
        on submissions.job_name = folders.job_name
        and 'iteration-' || cast(submissions.iteration as varchar) = folders.iteration_folder
        and cast(submissions.object_index as varchar) = folders.object_folder
        and submissions.payload_folder = folders.payload_folder
    left join label_counts
        on submissions.job_name = label_counts.job_name
        and submissions.iteration = label_counts.iteration
        and submissions.object_index = label_counts.object_index
        and submissions.payload_folder = label_counts.payload_folder
    where submissions.submission_rank = 1
)

select * from numbered_answers
