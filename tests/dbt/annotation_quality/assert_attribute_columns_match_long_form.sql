-- Every value of a listed attribute is in its column of fct_annotations, or of fct_frames. Without it, an attribute
-- whose name differs in case, or whose label the join misses, gives an empty column that looks like an attribute that
-- nobody filled in.
with values_by_label as (
    select
        annotation_key
        {{- pivot_attribute_columns('attribute_columns') }}
    from {{ ref('fct_annotation_attributes') }}
    group by annotation_key
),

values_by_frame as (
    select
        frame_key
        {{- pivot_attribute_columns('frame_attribute_columns') }}
    from {{ ref('fct_frame_attributes') }}
    group by frame_key
),

annotations as (
    select * from {{ ref('fct_annotations') }}
),

frames as (
    select * from {{ ref('fct_frames') }}
),

counts as (
    {% for attribute in attribute_columns('attribute_columns') %}
        select
            'fct_annotations.{{ attribute.column }}' as attribute_column,
            (select count({{ adapter.quote(attribute.column) }}) from values_by_label) as value_count,
            (select count({{ adapter.quote(attribute.column) }}) from annotations) as column_count
        union all
    {% endfor %}
    {% for attribute in attribute_columns('frame_attribute_columns') %}
        select
            'fct_frames.{{ attribute.column }}' as attribute_column,
            (select count({{ adapter.quote(attribute.column) }}) from values_by_frame) as value_count,
            (select count({{ adapter.quote(attribute.column) }}) from frames) as column_count
        union all
    {% endfor %}
    select
        'none' as attribute_column,
        0 as value_count,
        0 as column_count
)

select * from counts
where value_count <> column_count
