{#
  Part of a uri by which a label file and the ref to it in the manifest are found to be the same, wherever the job's
  output was copied to: what follows the folder of consolidated outputs. A colon of the time in a file's name may have
  become another character on the way; each of them counts as one. NULL where nothing follows.
#}
{% macro output_file(uri) -%}
    {%- set name = dbt.split_part(uri, "'/annotations/consolidated-annotation/output/'", 2) -%}
    {%- set name = 'nullif(' ~ name ~ ", '')" -%}
    {%- set name = 'replace(replace(' ~ name ~ ", ':', '_'), '-', '_')" -%}
    {{ 'replace(replace(replace(' ~ name ~ ", '%3A', '_'), '%3a', '_'), chr(61498), '_')" }}
{%- endmacro %}
