{{ config(materialized="table") }}

-- Results in consolidation responses that do not count: the job has an output manifest, which has them all, or a newer
-- response has the object.
with data_objects as (
    select * from {{ source('ground_truth', 'data_objects') }}
),

current_files as (
    select * from {{ ref('current_source_files') }}
),

manifests as (
    select distinct job_name
    from current_files
    where
        file_kind = 'output_manifest'
        and load_id is not null
),

results as (
    select
        data_objects.load_id,
        data_objects.file_no,
        data_objects.job_name,
        data_objects.object_index,
        current_files.uri,
        current_files.modified_at,
        max(data_objects.labeled_at) as labeled_at
    from data_objects
    inner join current_files
        on data_objects.load_id = current_files.load_id
        and data_objects.file_no = current_files.file_no
    where current_files.file_kind = 'consolidation_response'
    group by
        data_objects.load_id,
        data_objects.file_no,
        data_objects.job_name,
        data_objects.object_index,
        current_files.uri,
        current_files.modified_at
),

ranked_results as (
    select
        *,
        row_number() over (
            partition by job_name, object_index
            order by labeled_at desc nulls last, modified_at desc nulls last, uri desc
        ) as newest_rank
    from results
),

superseded_results as (
    select
        ranked_results.load_id,
        ranked_results.file_no,
        ranked_results.object_index
    from ranked_results
    left join manifests on ranked_results.job_name = manifests.job_name
    where
        ranked_results.newest_rank > 1
        or manifests.job_name is not null
)

select * from superseded_results
