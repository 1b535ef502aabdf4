{# An attribute of labels is no attribute of frames, so each mart has a list of its own. #}
{% macro attribute_columns(list_name) %}
    {% set columns = [] %}
    {% for name in list_var(list_name) %}
        {% set words = modules.re.sub('([a-z0-9])([A-Z])', '\\1_\\2', name | string) %}
        {% set column = modules.re.sub('[^a-z0-9]+', '_', words | lower).strip('_') %}
        {% set clash = 'var ' ~ list_name ~ ': in ' ~ model.name ~ ', ' ~ name ~ ' would be column "' ~ column ~ '"' %}
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

{% macro pivot_attribute_columns(list_name) %}
    {%- for attribute in attribute_columns(list_name) -%}
        ,
        max(
            case
                when {{ is_named('attribute_name', [attribute.name]) }} then attribute_value
            end
        ) as {{ adapter.quote(attribute.column) }}
    {%- endfor -%}
{% endmacro %}

{% macro select_attribute_columns(relation_name, list_name) %}
    {%- for attribute in attribute_columns(list_name) -%}
        ,
        {{ relation_name }}.{{ adapter.quote(attribute.column) }}
    {%- endfor -%}
{% endmacro %}

{#
  The yml file can state the contract only for the columns that every project has. dbt reads the contract from `model`
  after the pre-hooks have run, on every adapter.
#}
{% macro add_attribute_columns_to_contract(list_name) %}
    {% if execute %}
        {% for attribute in attribute_columns(list_name) %}
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
