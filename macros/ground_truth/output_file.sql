{#
  A copied folder keeps only what follows the folder of consolidated outputs. A copy may also have replaced the colons of
  the time in a file's name, so all their replacements count as one.
#}
{% macro output_file(uri) -%}
    {%- set name = dbt.split_part(uri, "'/annotations/consolidated-annotation/output/'", 2) -%}
    {%- set name = 'nullif(' ~ name ~ ", '')" -%}
    {%- set name = 'replace(replace(' ~ name ~ ", ':', '_'), '-', '_')" -%}
    {{ 'replace(replace(replace(' ~ name ~ ", '%3A', '_'), '%3a', '_'), chr(61498), '_')" }}
{%- endmacro %}
