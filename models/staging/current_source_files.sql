{{ config(materialized="table") }}

-- The snapshot that a whole dbt run works on: a table, so that loads committing meanwhile change nothing.
with entries as (
    select * from {{ ref('stg_ground_truth__source_files') }}
),

ranked as (
    select
        *,
        status in ('loaded', 'forgotten') as is_version,
        row_number() over (
            partition by uri
            order by origin_load_id desc, load_id desc
        ) as newest_rank,
        row_number() over (
            partition by uri, status in ('loaded', 'forgotten')
            order by origin_load_id desc, load_id desc
        ) as version_rank
    from entries
),

-- What is said of a file is its newest entry's; its rows are those of the newest version that was read, so that
-- a broken rewrite of a sound file loses nothing.
current_files as (
    select
        uri,
        max(case when newest_rank = 1 then job_name end) as job_name,
        max(case when newest_rank = 1 then job_uri end) as job_uri,
        max(case when newest_rank = 1 then file_kind end) as file_kind,
        max(case when newest_rank = 1 then status end) as status,
        max(case when newest_rank = 1 then error end) as last_error,
        max(case when newest_rank = 1 then size_bytes end) as size_bytes,
        max(case when newest_rank = 1 then modified_at end) as modified_at,
        max(case when newest_rank = 1 then loaded_at end) as loaded_at,
        max(case when is_version and version_rank = 1 and status = 'loaded' then load_id end) as load_id,
        max(case when is_version and version_rank = 1 and status = 'loaded' then file_no end) as file_no,
        max(case when is_version and version_rank = 1 and status = 'loaded' then row_count end) as row_count
    from ranked
    group by uri
)

select * from current_files
