{#
  The columns that the var attribute_columns asks for, as a list of {name, column}: the attribute's name as listed
  (matched without regard to case), and the column it becomes, in lower snake_case and quoted where SQL needs it.
#}
{% macro attribute_columns() %}
    {% set columns = [] %}
    {% for name in list_var('attribute_columns') %}
        {% set words = modules.re.sub('([a-z0-9])([A-Z])', '\\1_\\2', name | string) %}
        {% set column = modules.re.sub('[^a-z0-9]+', '_', words | lower).strip('_') %}
        {% set clash = 'var attribute_columns: in ' ~ model.name ~ ', ' ~ name ~ ' would be column "' ~ column ~ '"' %}
        {% if not modules.re.match('[a-z]', column) %}
            {% do exceptions.raise_compiler_error(clash ~ ', which does not begin with a letter from a to z.') %}
        {% elif column in columns | map(attribute='column') %}
            {% do exceptions.raise_compiler_error(clash ~ ', as another name of the list would.') %}
        {% elif column in model.columns %}
            {% do exceptions.raise_compiler_error(clash ~ ', which the model has already.') %}
        {% endif %}
        {% do columns.append({'name': name | string, 'column': column}) %}
    {% endfor %}
    {% do return(columns) %}
{% endmacro %}

{# Whether a column holds one of the names, case ignored; false where there are no names. #}
{% macro is_named(column, names) -%}
    {%- set texts = [] -%}
    {%- for name in names -%}
        {%- do texts.append("lower('" ~ name | string | replace("'", "''") ~ "')") -%}
    {%- endfor -%}
    {{ 'lower(' ~ column ~ ') in (' ~ texts | join(', ') ~ ')' if texts else 'false' }}
{%- endmacro %}

{# One aggregate per attribute column, each after a comma: turns the long form into columns. #}
{% macro pivot_attribute_columns() %}
    {%- for attribute in attribute_columns() -%}
        ,
        max(
            case
                when {{ is_named('attribute_name', [attribute.name]) }} then attribute_value
            end
        ) as {{ adapter.quote(attribute.column) }}
    {%- endfor -%}
{% endmacro %}

{# The attribute columns of a relation, each after a comma. #}
{% macro select_attribute_columns(relation_name) %}
    {%- for attribute in attribute_columns() -%}
        ,
        {{ relation_name }}.{{ adapter.quote(attribute.column) }}
    {%- endfor -%}
{% endmacro %}

{#
  A pre-hook: adds the attribute columns to the model's contract, which the yml file can state only for the columns
  that every project has. dbt reads the contract from `model` after the hooks have run, on every adapter.
#}
{% macro add_attribute_columns_to_contract() %}
    {% if execute %}
        {% for attribute in attribute_columns() %}
            {% do model.columns.update({attribute.column: {
                'name': attribute.column,
                'quote': true,
                'data_type': 'varchar',
                'description': 'Value of the attribute ' ~ attribute.name ~ '; NULL where it has none.',
                'meta': {},
                'tags': [],
                'constraints': []
            }}) %}
        {% endfor %}
    {% endif %}
{% endmacro %}

{# A var that is a list; one name alone is a list of one, not of its letters. #}
{% macro list_var(name) %}
    {% do return([var(name)] if var(name) is string else var(name)) %}
{% endmacro %}
