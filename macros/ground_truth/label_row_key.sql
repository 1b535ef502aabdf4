{#
  One text that names a raw label, the same in every relation that has it: its file, and its place in the file. A relation
  is of stg_ground_truth__annotations (annotations), of stg_ground_truth__worker_annotations (worker_annotations), or of
  stg_ground_truth__label_overlaps (label, other).
#}
{% macro label_row_key(relation_name, kind) -%}
    {%- set is_pair = kind in ['label', 'other'] -%}
    {%- set prefix = relation_name ~ '.' ~ (kind ~ '_' if is_pair else '') -%}
    {%- set attribute = kind ~ '_attribute_name' if is_pair else 'label_attribute_name' -%}
    {{ prefix ~ ('file_uri' if is_pair else 'source_file_uri') }} || '#'
    {%- if kind != 'worker_annotations' %} || coalesce({{ relation_name }}.{{ attribute }}, '')
    {%- endif %} || '#'
    {%- if kind != 'annotations' %} || coalesce(cast({{ prefix }}answer_index as varchar), '')
    {%- endif %} || '#' || coalesce(cast({{ prefix }}frame_index as varchar), '')
    || '#' || cast({{ prefix }}annotation_index as varchar) || '#'
    {%- if kind != 'annotations' %} || coalesce({{ prefix }}frame_name, '')
    {%- endif -%}
{%- endmacro %}
