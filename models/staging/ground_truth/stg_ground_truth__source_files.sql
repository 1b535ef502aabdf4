with source as (
    select * from {{ source('ground_truth', 'source_files') }}
),

ledger as (
    select
        load_id,
        file_no,
        origin_load_id,
        uri,
        job_name,
        job_uri,
        file_kind,
        etag,
        size_bytes,
        modified_at,
        status,
        row_count,
        error,
        warning,
        loaded_at,
        loader_version
    from source
)

select * from ledger
