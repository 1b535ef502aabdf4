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
        max(case when is_version and version_rank = 1 and status = 'loaded' then row_count end) as row_count
    from ranked_entries
    group by uri
)

select * from current_files
