-- Every value of a listed attribute is in its column of fct_annotations. Without it, an attribute whose name differs in
-- case, or whose label the join misses, gives an empty column that looks like an attribute nobody filled in.
with values_by_label as (
    select
        job_name,
        label_attribute_name,
        object_index,
        frame_index,
        annotation_index
        {{- pivot_attribute_columns() }}
    from {{ ref('fct_annotation_attributes') }}
    group by
        job_name,
        label_attribute_name,
        object_index,
        frame_index,
        annotation_index
),

annotations as (
    select * from {{ ref('fct_annotations') }}
),

counts as (
    {% for attribute in attribute_columns() %}
        select
            '{{ attribute.column }}' as attribute_column,
            (select count({{ adapter.quote(attribute.column) }}) from values_by_label) as value_count,
            (select count({{ adapter.quote(attribute.column) }}) from annotations) as column_count
        union all
    {% endfor %}
    select
        'none' as attribute_column,
        0 as value_count,
        0 as column_count
)

select * from counts
where value_count <> column_count
