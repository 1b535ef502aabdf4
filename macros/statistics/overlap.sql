{# How much two labels overlap, 0 to 1, by their shape; of the shapes for which two labels are enough to say. #}
{% macro overlaps_of_shapes(one, other) %}
    {{ return({
        'class': '1',
        'box': box_iou(one, other),
        'span': span_iou(one, other),
        'cuboid': cuboid_overlap(one, other)
    }) }}
{% endmacro %}


{# The same of two labels of whichever of these shapes; NULL of another one. #}
{% macro label_overlap(one, other) -%}
    case {{ one }}.shape
        {%- for shape, overlap in overlaps_of_shapes(one, other).items() %}
        when '{{ shape }}' then {{ overlap }}
        {%- endfor %}
    end
{%- endmacro %}


{# Whether two labels overlap enough to show the same thing. The relation has their shape and overlap. #}
{% macro is_enough_overlap() -%}
    case
        when shape = 'class' then true
        when shape = 'box' then overlap >= {{ var('box_iou_threshold') }}
        when shape = 'span' then overlap >= {{ var('span_iou_threshold') }}
        when shape in ('polygon', 'mask') then overlap >= {{ var('polygon_iou_threshold') }}
        when shape = 'polyline' then overlap >= {{ var('polyline_overlap_threshold') }}
        -- Nearer than the tolerance.
        else overlap > 0
    end
{%- endmacro %}


{#
  Whether two labels of two sets may be matched. A class has one mask in each set. An adjustment begins with the labels
  before it, and may move one far. The relation has their pair's columns and overlap.
#}
{% macro may_be_matched() -%}
    (
        {{ is_enough_overlap() }}
        or (
            (shape = 'mask' or reference_set_key = 'inherited')
            and overlap > 0
            and reference_label is not distinct from answer_label
        )
    )
{%- endmacro %}


{#
  Length of what two boxes that overlap have in common on one axis. It is never more than either length, and of equal
  boxes exactly theirs, however far from 0 they are: the difference of two far edges would be rounded by more.
#}
{% macro common_length(one, other, start, length) -%}
    least(
        {{ one }}.{{ length }},
        {{ other }}.{{ length }},
        {{ one }}.{{ start }} - {{ other }}.{{ start }} + {{ one }}.{{ length }},
        {{ other }}.{{ start }} - {{ one }}.{{ start }} + {{ other }}.{{ length }}
    )
{%- endmacro %}


{# Edges are taken as written, without an extra pixel. A box of negative width or height overlaps nothing. #}
{% macro box_iou(one, other) -%}
    {%- set width = common_length(one, other, 'box_left', 'box_width') -%}
    {%- set height = common_length(one, other, 'box_top', 'box_height') -%}
    {%- set intersection = width ~ ' * ' ~ height -%}
    case
        when
            least({{ one }}.box_width, {{ one }}.box_height, {{ other }}.box_width, {{ other }}.box_height) < 0
            then 0
        when
            {{ one }}.box_left - {{ other }}.box_left < {{ other }}.box_width
            and {{ other }}.box_left - {{ one }}.box_left < {{ one }}.box_width
            and {{ one }}.box_top - {{ other }}.box_top < {{ other }}.box_height
            and {{ other }}.box_top - {{ one }}.box_top < {{ one }}.box_height
            then {{ safe_divide(
                intersection,
                one ~ '.box_width * ' ~ one ~ '.box_height + '
                ~ other ~ '.box_width * ' ~ other ~ '.box_height - ' ~ intersection
            ) }}
        else 0
    end
{%- endmacro %}


{% macro span_iou(one, other) -%}
    case
        when
            {{ one }}.start_offset < {{ other }}.end_offset
            and {{ other }}.start_offset < {{ one }}.end_offset
            -- As double, because the distance of two offsets may exceed a bigint.
            then {{ safe_divide(
                'cast(least(' ~ one ~ '.end_offset, ' ~ other ~ '.end_offset) as double)'
                ~ ' - greatest(' ~ one ~ '.start_offset, ' ~ other ~ '.start_offset)',
                'cast(greatest(' ~ one ~ '.end_offset, ' ~ other ~ '.end_offset) as double)'
                ~ ' - least(' ~ one ~ '.start_offset, ' ~ other ~ '.start_offset)'
            ) }}
        else 0
    end
{%- endmacro %}


{#
  1 if the centers are at one place on the ground, 0 if they are as far apart as var cuboid_center_distance, in meters,
  or further: nuScenes' detection task matches by this distance (Caesar and others 2020).
#}
{% macro cuboid_overlap(one, other) -%}
    case
        when {{ center_distance(one, other) }} < {{ var('cuboid_center_distance') }}
            then 1 - {{ center_distance(one, other) }} / cast({{ var('cuboid_center_distance') }} as double)
        else 0
    end
{%- endmacro %}


{% macro center_distance(one, other) -%}
    sqrt(
        power({{ one }}.center_x - {{ other }}.center_x, 2)
        + power({{ one }}.center_y - {{ other }}.center_y, 2)
    )
{%- endmacro %}


{# Where the labels of a set end, in all frames: columns of the relation that has the labels, for keypoint_overlap. #}
{% macro label_set_extent(relation_name='') -%}
    {%- set prefix = relation_name ~ '.' if relation_name else '' -%}
    {%- set of_set = 'over (partition by ' ~ prefix ~ 'job_name, ' ~ prefix ~ 'object_index, ' ~ prefix ~ 'label_set_key)' -%}
    min(center_x) {{ of_set }} as left_end,
    max(center_x) {{ of_set }} as right_end,
    min(center_y) {{ of_set }} as upper_end,
    max(center_y) {{ of_set }} as lower_end
{%- endmacro %}


{#
  1 at one place, 0 at a distance of var keypoint_tolerance_share of the diagonal of the extent of both sets. The
  relations have their set's left_end, right_end, upper_end and lower_end.
#}
{% macro keypoint_overlap(one, other) -%}
    {%- set tolerance -%}
        ({{ var('keypoint_tolerance_share') }} * sqrt(
            power(
                greatest({{ one }}.right_end, {{ other }}.right_end)
                - least({{ one }}.left_end, {{ other }}.left_end),
                2
            )
            + power(
                greatest({{ one }}.lower_end, {{ other }}.lower_end)
                - least({{ one }}.upper_end, {{ other }}.upper_end),
                2
            )
        ))
    {%- endset -%}
    case
        when {{ one }}.center_x = {{ other }}.center_x and {{ one }}.center_y = {{ other }}.center_y then 1
        when {{ center_distance(one, other) }} < {{ tolerance }}
            then 1 - {{ safe_divide(center_distance(one, other), tolerance) }}
        else 0
    end
{%- endmacro %}


{#
  Error of a cuboid's size: 1 - IoU of the two, moved to one center and turned one way. From nuScenes' detection task, as
  yaw_error is.
#}
{% macro scale_error(one, other) -%}
    {%- set intersection -%}
        least({{ one }}.cuboid_length, {{ other }}.cuboid_length)
        * least({{ one }}.cuboid_width, {{ other }}.cuboid_width)
        * least({{ one }}.cuboid_height, {{ other }}.cuboid_height)
    {%- endset -%}
    1 - {{ safe_divide(
        intersection,
        one ~ '.cuboid_length * ' ~ one ~ '.cuboid_width * ' ~ one ~ '.cuboid_height + '
        ~ other ~ '.cuboid_length * ' ~ other ~ '.cuboid_width * ' ~ other ~ '.cuboid_height - ' ~ intersection
    ) }}
{%- endmacro %}


{# Smallest angle between two directions, in radians: 0 to pi. #}
{% macro yaw_error(one, other) -%}
    abs(
        {{ one }}.yaw - {{ other }}.yaw
        - 2 * pi() * round(({{ one }}.yaw - {{ other }}.yaw) / (2 * pi()))
    )
{%- endmacro %}
