{#
  The columns are those of the declared source, so a column added in the loader reaches staging without an edit.
  dbt's unit tests have no graph; there, the columns are those of the given rows.
#}
{% macro current_rows(table_name) -%}
    {%- set raw_table = source('ground_truth', table_name) -%}
    {%- set snapshot = ref('current_source_files') -%}
    {%- set columns = ['*'] -%}
    {%- if graph.sources -%}
        {%- set columns = graph.sources['source.' ~ project_name ~ '.ground_truth.' ~ table_name].columns -%}
    {%- endif -%}
with source as (
    select * from {{ raw_table }}
),

current_files as (
    select * from {{ snapshot }}
),

current_rows as (
    select
        source.{{ columns | join(',\n        source.') }},
        current_files.uri as source_file_uri
    from source
    inner join current_files
        on source.load_id = current_files.load_id
        and source.file_no = current_files.file_no
)

select * from current_rows
{%- endmacro %}
