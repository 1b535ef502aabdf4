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
pairs_of_current_labels as (
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
),

-- Two loads may have measured the same pair: two that ran at once, or one that brought a forgotten file back.
ranked_pairs as (
    select
        *,
        row_number() over (
            partition by job_name, object_index, label_key, other_label_key
            order by load_id desc, file_no desc
        ) as pair_rank
    from pairs_of_current_labels
),

label_overlaps as (
    select * from ranked_pairs
    where pair_rank = 1
)

select * from label_overlaps
