-- Rows in = rows out: each current file has as many rows in the raw tables as the ledger says it gave. Without it, a
-- lost or doubled Parquet file, or a load_id that two loads share, changes every figure and nothing fails.
{% set tables = [
    'labeling_jobs', 'label_categories', 'label_attribute_definitions', 'data_objects', 'annotations',
    'annotation_attributes', 'class_labels', 'frames', 'worker_answers', 'worker_annotations',
    'worker_annotation_attributes', 'worker_frames', 'review_items', 'golden_labels', 'workers', 'workteams',
    'workteam_members', 'worker_activity',
] %}

with raw_rows as (
    {% for table in tables %}
        select
            load_id,
            file_no,
            count(*) as row_count
        from {{ ref('stg_ground_truth__' ~ table) }}
        group by load_id, file_no
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

given as (
    select
        load_id,
        file_no,
        sum(row_count) as row_count
    from raw_rows
    group by load_id, file_no
),

current_files as (
    select * from {{ ref('current_source_files') }}
    where load_id is not null
)

select
    current_files.uri,
    current_files.row_count as ledger_count,
    given.row_count as raw_count
from current_files
full outer join given
    on current_files.load_id = given.load_id
    and current_files.file_no = given.file_no
where coalesce(current_files.row_count, -1) <> coalesce(given.row_count, 0)
