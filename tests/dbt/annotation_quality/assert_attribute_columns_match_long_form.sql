-- Each value of a listed attribute is in its column of fct_annotations. Without it, an attribute whose name matches
-- but for case, or whose label the join misses, gives an empty column that looks like an attribute nobody filled in.
{% for attribute in attribute_columns() %}
    select
        '{{ attribute.column }}' as attribute_column,
        long_form.value_count,
        wide_form.value_count as column_count
    from (
        select count(*) as value_count from (
            select distinct
                job_name,
                label_attribute_name,
                object_index,
                frame_index,
                annotation_index
            from {{ ref('fct_annotation_attributes') }}
            where
                {{ is_named('attribute_name', [attribute.name]) }}
                and attribute_value is not null
        ) as listed
    ) as long_form
    cross join (
        select count({{ adapter.quote(attribute.column) }}) as value_count from {{ ref('fct_annotations') }}
    ) as wide_form
    where long_form.value_count <> wide_form.value_count
    union all
{% endfor %}
select
    '' as attribute_column,
    0 as value_count,
    0 as column_count
from {{ ref('fct_annotations') }} as no_column_is_listed
where false
