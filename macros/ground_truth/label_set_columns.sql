{# The columns of a label that scoring compares, after a comma each but the last; of a relation, if one is given. #}
{% macro label_set_columns(relation_name='') -%}
    {%- set prefix = relation_name ~ '.' if relation_name else '' -%}
    {%- for column in [
        'shape', 'label', 'box_left', 'box_top', 'box_width', 'box_height', 'start_offset', 'end_offset'
    ] -%}
        {{ prefix ~ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
