{{ config(materialized="table") }}

-- The snapshot that one dbt run works on. It is a table, so loads that commit during the run change nothing.
with ledger as (
    select * from {{ ref('stg_ground_truth__source_files') }}
),

-- A version is an entry that decides which rows count: loaded, or forgotten (no rows). Rejected and skipped entries
-- decide nothing. Newest means: by the load that read the file, then by the load that wrote the rows, so compacted rows
-- never hide a later version.
ranked_entries as (
    select
        *,
        status in ('loaded', 'forgotten') as is_version,
        row_number() over (
            partition by uri
            order by origin_load_id desc, load_id desc, file_no desc
        ) as entry_rank,
        row_number() over (
            partition by uri, status in ('loaded', 'forgotten')
            order by origin_load_id desc, load_id desc, file_no desc
        ) as version_rank
    from ledger
),

-- Status and error are the newest entry's. The rows are the newest version's, so a broken rewrite of a valid file loses
-- nothing.
current_files as (
    select
        uri,
        max(case when entry_rank = 1 then job_name end) as job_name,
        max(case when entry_rank = 1 then job_uri end) as job_uri,
        max(case when entry_rank = 1 then file_kind end) as file_kind,
        max(case when entry_rank = 1 then status end) as status,
        max(case when entry_rank = 1 then error end) as last_error,
        max(case when entry_rank = 1 then size_bytes end) as size_bytes,
        max(case when entry_rank = 1 then modified_at end) as modified_at,
        max(case when entry_rank = 1 then loaded_at end) as loaded_at,
        max(case when is_version and version_rank = 1 and status = 'loaded' then load_id end) as load_id,
        max(case when is_version and version_rank = 1 and status = 'loaded' then file_no end) as file_no,
        max(case when is_version and version_rank = 1 and status = 'loaded' then etag end) as etag,
        max(case when is_version and version_rank = 1 and status = 'loaded' then row_count end) as row_count,
        max(case when is_version and version_rank = 1 and status = 'loaded' then warning end) as warning
    from ranked_entries
    group by uri
),

-- If two folders have a job of one name, the one with the newest result counts, whenever they were loaded. Files that
-- are about a job only, which any folder of its name may have, decide nothing.
folders as (
    select
        job_name,
        job_uri,
        coalesce(max(case when file_kind = 'output_manifest' then modified_at end), max(modified_at))
            as newest_result_at
    from ranked_entries
    where
        is_version
        and version_rank = 1
        and status = 'loaded'
        and job_name is not null
        and job_uri is not null
        and file_kind not in ('label_category_config', 'golden_labels', 'review_batch')
    group by
        job_name,
        job_uri
),

ranked_folders as (
    select
        *,
        row_number() over (
            partition by job_name
            order by newest_result_at desc nulls last, job_uri asc
        ) as folder_rank
    from folders
),

owners as (
    select
        job_name,
        job_uri as owner_uri
    from ranked_folders
    where folder_rank = 1
),

source_files as (
    select
        current_files.uri,
        current_files.job_name,
        current_files.job_uri,
        current_files.file_kind,
        case when owners.owner_uri is null then current_files.status else 'skipped' end as status,
        case
            when owners.owner_uri is null then current_files.last_error
            else
                'job ' || current_files.job_name || ' is in two folders: ' || owners.owner_uri
                || ' has the newest results, so ' || current_files.job_uri
                || ' does not count: load one of them with --namespace to have both, or forget one by its --uri'
        end as last_error,
        current_files.size_bytes,
        current_files.modified_at,
        current_files.loaded_at,
        case when owners.owner_uri is null then current_files.load_id end as load_id,
        case when owners.owner_uri is null then current_files.file_no end as file_no,
        case when owners.owner_uri is null then current_files.etag end as etag,
        case when owners.owner_uri is null then current_files.row_count end as row_count,
        case when owners.owner_uri is null then current_files.warning end as warning
    from current_files
    left join owners
        on current_files.job_name = owners.job_name
        and current_files.job_uri <> owners.owner_uri
        and current_files.status <> 'forgotten'
)

select * from source_files
