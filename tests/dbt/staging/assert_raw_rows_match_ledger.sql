-- Every current file has as many rows in the raw tables as the ledger says. Without it, a lost or doubled Parquet file,
-- or a load_id that two loads share, changes every figure and nothing fails.
-- The ledger does not count overlaps.
{% set sources = graph.sources.values() | sort(attribute='name') if execute else [] %}
{% set uncounted = ['source_files', 'label_overlaps'] %}

with current_files as (
    select * from {{ ref('current_source_files') }}
    where load_id is not null
),

rows_by_table as (
    {% for raw_table in sources if raw_table.source_name == 'ground_truth' and raw_table.name not in uncounted %}
        select
            load_id,
            file_no,
            count(*) as row_count
        from {{ raw_table.relation_name }}
        group by load_id, file_no
        union all
    {% endfor %}
    select
        cast(null as varchar) as load_id,
        cast(null as integer) as file_no,
        cast(0 as bigint) as row_count
    where false
),

raw_rows as (
    select
        load_id,
        file_no,
        sum(row_count) as row_count
    from rows_by_table
    group by load_id, file_no
)

select
    current_files.uri,
    current_files.row_count as ledger_count,
    raw_rows.row_count as raw_count
from current_files
left join raw_rows
    on current_files.load_id = raw_rows.load_id
    and current_files.file_no = raw_rows.file_no
where coalesce(current_files.row_count, -1) <> coalesce(raw_rows.row_count, 0)
