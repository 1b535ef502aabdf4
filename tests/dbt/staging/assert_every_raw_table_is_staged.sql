-- Every raw table has its staging model, which selects the table's declared columns. Without it, a raw table that the
-- loader gains never reaches a model, or a staging model written by hand leaves out a column, and nothing fails.
{% set unstaged = [] %}
{% if execute %}
    {% set macro_id = 'macro.' ~ package_name() ~ '.current_rows' %}
    {% for raw_table in graph.sources.values() if raw_table.source_name == 'ground_truth' %}
        {% set model_id = 'model.' ~ package_name() ~ '.stg_ground_truth__' ~ raw_table.name %}
        {% set staging = graph.nodes.get(model_id) %}
        {% if not staging or raw_table.unique_id not in staging.depends_on.nodes %}
            {% do unstaged.append(raw_table.name) %}
        {% elif macro_id not in staging.depends_on.macros %}
            {% for column in raw_table.columns if not modules.re.search('\\b' ~ column ~ '\\b', staging.raw_code) %}
                {% do unstaged.append(raw_table.name ~ '.' ~ column) %}
            {% endfor %}
        {% endif %}
    {% endfor %}
{% endif %}

{% for name in unstaged %}
    select '{{ name }}' as unstaged
    union all
{% endfor %}
select '' as unstaged
where false
