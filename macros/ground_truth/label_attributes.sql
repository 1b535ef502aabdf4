{# The label file of a sequence does not name its label attribute: it is the job's own. #}
{% macro resolved_label_attribute(rows, labeling_jobs) -%}
    coalesce({{ rows }}.label_attribute_name, {{ labeling_jobs }}.label_attribute_name)
{%- endmacro %}

{% macro is_of_earlier_job(rows, labeling_jobs) -%}
    coalesce({{ rows }}.label_attribute_name <> {{ labeling_jobs }}.label_attribute_name, false)
{%- endmacro %}
