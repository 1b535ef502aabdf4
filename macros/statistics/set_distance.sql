{#
  How unlike two sets are that have some members in common: 0 if they are equal, empty sets too; 1 if nothing is in both.

  jaccard: one less the members in both, of those in either.
  masi: the same, but what is in both counts for two thirds if one set has all of the other, and for a third if each has
  some of its own (Passonneau 2006).
  f1: one less the harmonic mean of precision and recall, which Dice named.
#}
{% macro set_distance(common_count, one_count, other_count, distance) -%}
    {%- set jaccard = safe_divide(common_count, one_count ~ ' + ' ~ other_count ~ ' - ' ~ common_count) -%}
    case
        when {{ one_count }} + {{ other_count }} = 0 then cast(0 as double)
        {%- if distance == 'jaccard' %}
            else 1 - {{ jaccard }}
        {%- elif distance == 'masi' %}
            when {{ common_count }} = {{ one_count }} and {{ common_count }} = {{ other_count }} then cast(0 as double)
            when {{ common_count }} = {{ one_count }} or {{ common_count }} = {{ other_count }}
                then 1 - {{ jaccard }} * 2 / 3
            else 1 - {{ jaccard }} / 3
        {%- else %}
            else 1 - {{ safe_divide('2 * ' ~ common_count, one_count ~ ' + ' ~ other_count) }}
        {%- endif %}
    end
{%- endmacro %}
