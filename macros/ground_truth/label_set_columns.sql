{#
  The columns of a label that scoring compares, with commas between them; of a relation, if one is given. A label as it
  was loaded gets its key here, and if it is a keypoint its place.
#}
{% macro label_set_columns(relation_name='', label_key=none) -%}
    {%- set prefix = relation_name ~ '.' if relation_name else '' -%}
    {%- set made = {
        'center_x': keypoint_or_center(relation_name, 'x'),
        'center_y': keypoint_or_center(relation_name, 'y'),
        'label_key': label_key
    } if label_key else {} -%}
    {%- for column in [
        'shape', 'label', 'track_id', 'box_left', 'box_top', 'box_width', 'box_height', 'start_offset', 'end_offset',
        'center_x', 'center_y', 'center_z', 'cuboid_length', 'cuboid_width', 'cuboid_height', 'yaw', 'area', 'label_key'
    ] -%}
        {{ made[column] ~ ' as ' ~ column if column in made else prefix ~ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# Center of a cuboid in meters, or the place of a keypoint in pixels, which is its only vertex. #}
{% macro keypoint_or_center(relation_name, axis) -%}
    {%- set prefix = relation_name ~ '.' if relation_name else '' -%}
    case
        when {{ prefix }}shape = 'keypoint'
            -- The engines cast to double alike.
            then try_cast(trim(split_part( -- noqa: CV09
                replace(split_part({{ prefix }}geometry_json, '"{{ axis }}":', 2), '}', ','), ',', 1
            )) as double)
        else {{ prefix }}center_{{ axis }}
    end
{%- endmacro %}


{#
  Key of a label whose overlaps the loader measures, as in stg_ground_truth__label_overlaps; NULL if SQL measures them, or
  nobody can. The kind is that of label_row_key.
#}
{% macro measured_label_key(relation_name, kind) -%}
    case
        when
            {{ relation_name }}.shape in ('polygon', 'polyline')
            or ({{ relation_name }}.shape = 'mask' and {{ relation_name }}.geometry_json is not null)
            then {{ label_row_key(relation_name, kind) }}
    end
{%- endmacro %}
