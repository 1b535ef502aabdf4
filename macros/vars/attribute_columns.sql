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

{% macro select_attribute_columns(relation_name) %}
    {%- for attribute in attribute_columns() -%}
        ,
        {{ relation_name }}.{{ adapter.quote(attribute.column) }}
    {%- endfor -%}
{% endmacro %}

{#
  The yml file can state the contract only for the columns that every project has. dbt reads the contract from `model`
  after the pre-hooks have run, on every adapter.
#}
{% macro add_attribute_columns_to_contract() %}
    {% if execute %}
        {% for attribute in attribute_columns() %}
            {% do model.columns.update({attribute.column: {
                'name': attribute.column,
                'quote': true,
                'data_type': 'varchar',
                'description': 'Value of the attribute ' ~ attribute.name ~ '; NULL if it has none.',
                'meta': {},
                'tags': [],
                'constraints': []
            }}) %}
        {% endfor %}
    {% endif %}
{% endmacro %}
