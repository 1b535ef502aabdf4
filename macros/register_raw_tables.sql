{#
  DuckDB: makes each source a view over the lake's Parquet (environment GT_LAKE, default demo/lake), so that models
  and unit tests find the sources where Athena has its Glue tables. A lake without files gives views without rows.
#}
{% macro register_raw_tables() %}
    {{ adapter.dispatch('register_raw_tables')() }}
{% endmacro %}

{% macro default__register_raw_tables() %}{% endmacro %}

{% macro duckdb__register_raw_tables() %}
    {% if execute %}
        {% set lake = env_var('GT_LAKE', 'demo/lake').rstrip('/') %}
        {% for table in graph.sources.values() | sort(attribute='name') if table.package_name == project_name %}
            {% if loop.first %}{% do run_query('create schema if not exists ' ~ table.schema) %}{% endif %}
            {% set files = "'" ~ (lake ~ '/raw/' ~ table.name ~ '/*.parquet') | replace("'", "''") ~ "'" %}
            {% set is_empty = run_query('select count(*) from glob(' ~ files ~ ')').columns[0].values()[0] == 0 %}
            {% if is_empty and table.name == 'source_files' %}
                {% do exceptions.warn("No lake at '" ~ lake ~ "': the marts will be empty. `python -m ingest load SOURCE " ~ lake ~ "` makes one; GT_LAKE names another.") %}
            {% endif %}
            {# The declared columns first: a lake that an older loader wrote may lack some, or a whole table. #}
            {% set rows %}
                select
                    {% for column in table.columns.values() -%}
                        cast(null as {{ column.data_type }}) as {{ column.name }}{{ ',' if not loop.last }}
                    {% endfor %}
                where false
                {% if not is_empty %}
                    union all by name
                    select * from read_parquet({{ files }}, union_by_name = true)
                {% endif %}
            {% endset %}
            {% do run_query('create or replace view ' ~ table.schema ~ '.' ~ table.name ~ ' as ' ~ rows) %}
        {% endfor %}
    {% endif %}
{% endmacro %}
