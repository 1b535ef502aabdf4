-- Each raw table has its staging model, with all its columns. Without it, a column that the loader gains is never
-- seen by a model, and nothing fails.
{% set missing = [] %}
{% if execute %}
    {% for source_node in graph.sources.values() if source_node.source_name == 'ground_truth' %}
        {% set model_name = 'model.' ~ project_name ~ '.stg_ground_truth__' ~ source_node.name %}
        {% set sql = graph.nodes[model_name].raw_code if model_name in graph.nodes else '' %}
        {% for column in source_node.columns if not modules.re.search('\\b' ~ column ~ '\\b', sql) %}
            {% do missing.append(source_node.name ~ '.' ~ column) %}
        {% endfor %}
    {% endfor %}
{% endif %}

{% for column in missing %}
    select '{{ column }}' as missing_column
    union all
{% endfor %}
select '' as missing_column
where false
