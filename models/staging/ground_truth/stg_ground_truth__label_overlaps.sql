with rows_of_current_files as (
    {{ current_rows('label_overlaps') }}
),

current_files as (
    select
        uri,
        etag
    from {{ ref('current_source_files') }}
    where load_id is not null
),

-- A row is in the file that was loaded later. The other one may have changed, or be forgotten, since.
label_overlaps as (
    select
        rows_of_current_files.*,
        {{ label_row_key('rows_of_current_files', 'label') }} as label_key,
        {{ label_row_key('rows_of_current_files', 'other') }} as other_label_key
    from rows_of_current_files
    inner join current_files as label_files
        on rows_of_current_files.label_file_uri = label_files.uri
        and rows_of_current_files.label_file_etag = label_files.etag
    inner join current_files as other_files
        on rows_of_current_files.other_file_uri = other_files.uri
        and rows_of_current_files.other_file_etag = other_files.etag
)

select * from label_overlaps
