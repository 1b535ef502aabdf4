{# Edges are taken as written, without an extra pixel. A box of negative width or height overlaps nothing. #}
{% macro box_iou(one, other) -%}
    {%- set intersection -%}
        (least({{ one }}.box_left + {{ one }}.box_width, {{ other }}.box_left + {{ other }}.box_width)
        - greatest({{ one }}.box_left, {{ other }}.box_left))
        * (least({{ one }}.box_top + {{ one }}.box_height, {{ other }}.box_top + {{ other }}.box_height)
        - greatest({{ one }}.box_top, {{ other }}.box_top))
    {%- endset -%}
    case
        when
            least({{ one }}.box_width, {{ one }}.box_height, {{ other }}.box_width, {{ other }}.box_height) < 0
            then 0
        when
            {{ one }}.box_left < {{ other }}.box_left + {{ other }}.box_width
            and {{ other }}.box_left < {{ one }}.box_left + {{ one }}.box_width
            and {{ one }}.box_top < {{ other }}.box_top + {{ other }}.box_height
            and {{ other }}.box_top < {{ one }}.box_top + {{ one }}.box_height
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
