{#
  On DuckDB, each source becomes a view over the lake's Parquet files, so models and unit tests find the sources where
  Athena has its Glue tables. On Athena, the loader's register command makes the tables.
#}
{% macro register_raw_tables() %}
    {{ adapter.dispatch('register_raw_tables')() }}
{% endmacro %}

{% macro default__register_raw_tables() %}{% endmacro %}

{% macro duckdb__register_raw_tables() %}
    {% if execute %}
        {% set is_as_on_athena = run_query("select 5 / 2 = 2 and current_setting('TimeZone') = 'UTC'") %}
        {% if not is_as_on_athena.columns[0].values()[0] %}
            {# They are in profiles.yml.example; a project that uses this one as a package has a profile of its own. #}
            {% do exceptions.raise_compiler_error(
                "the profile's settings must be as on Athena: settings: {TimeZone: UTC, integer_division: true}"
            ) %}
        {% endif %}
        {% set lake = env_var('GT_LAKE', 'demo/lake').rstrip('/') %}
        {# It is a path: what DuckDB would take for a pattern means itself in brackets. #}
        {% set folder = modules.re.sub('[*?\\[]', '[\\g<0>]', lake) | replace("'", "''") ~ '/raw/' %}
        {% set loads = "'" ~ folder ~ "source_files/[0-9]*.parquet'" %}
        {% if run_query('select count(*) from glob(' ~ loads ~ ')').columns[0].values()[0] == 0 %}
            {% set advice = "nothing is loaded in '" ~ lake ~ "'; run `python -m ingest load SOURCE " ~ lake ~ "` first" %}
            {% if env_var('GT_LAKE', '') %}
                {# A mistyped lake must not empty good marts. #}
                {% do exceptions.raise_compiler_error('GT_LAKE: ' ~ advice) %}
            {% endif %}
            {% do exceptions.warn('The marts will be empty: ' ~ advice ~ ', or set GT_LAKE to another lake.') %}
        {% endif %}
        {% for table in graph.sources.values() | sort(attribute='name') if table.package_name == package_name() %}
            {% if loop.first %}{% do run_query('create schema if not exists ' ~ table.schema) %}{% endif %}
            {% set files = "'" ~ folder ~ table.name ~ "/*.parquet'" %}
            {% set is_empty = run_query('select count(*) from glob(' ~ files ~ ')').columns[0].values()[0] == 0 %}
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
