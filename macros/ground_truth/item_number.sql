{#
  A field's name ends with the number of its item, for example Dog-2; a check box adds a point and its own name, for
  example Dog-2.Confirmed. Both are read from the right, because labels may hold hyphens and points.
#}
{% macro item_number(field_name) -%}
    {%- set ending = last_part(field_name, '-') -%}
    {%- set digits = 'split_part(' ~ ending ~ ", '.', 1)" -%}
    case
        when
            {{ field_name }} like '%-%'
            and {{ ending }} not like '%.%.%'
            and length({{ digits }}) between 1 and 9
            and translate({{ digits }}, '0123456789', '') = ''
            then cast({{ digits }} as integer)
    end
{%- endmacro %}


{% macro item_check_box(field_name) -%}
    nullif(split_part({{ last_part(field_name, '-') }}, '.', 2), '')
{%- endmacro %}
