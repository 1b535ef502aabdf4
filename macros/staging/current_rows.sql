{#
  The columns are those of the declared source, so a column added in the loader reaches staging without an edit.
  dbt's unit tests have no graph; there, the columns are those of the given rows.
#}
{% macro current_rows(table_name) -%}
    {%- set raw_table = source('ground_truth', table_name) -%}
    {%- set snapshot = ref('current_source_files') -%}
    {%- set columns = ['*'] -%}
    {#- A manifest and consolidation responses say the same of an object: see superseded_results. -#}
    {%- set is_of_results = table_name in ('data_objects', 'annotations', 'annotation_attributes', 'class_labels') -%}
    {%- if graph.sources -%}
        {%- set columns = graph.sources['source.' ~ package_name() ~ '.ground_truth.' ~ table_name].columns -%}
    {%- endif -%}
with source as (
    select * from {{ raw_table }}
),

current_files as (
    select * from {{ snapshot }}
),

{% if is_of_results -%}
superseded_results as (
    select * from {{ ref('superseded_results') }}
),

{% endif -%}
current_rows as (
    select
        source.{{ columns | join(',\n        source.') }},
        current_files.uri as source_file_uri
    from source
    inner join current_files
        on source.load_id = current_files.load_id
        and source.file_no = current_files.file_no
    {%- if is_of_results %}
    left join superseded_results
        on source.load_id = superseded_results.load_id
        and source.file_no = superseded_results.file_no
        and source.object_index = superseded_results.object_index
    where superseded_results.load_id is null
    {%- endif %}
)

select * from current_rows
{%- endmacro %}
