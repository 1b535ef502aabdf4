{#
  A confidence is between 0 and 1: some functions write -1 if there is none. Ground Truth writes confidence 0 if one worker labeled an object, which means that there is no confidence. In a job with
  several workers, 0 is a confidence. The workers of inherited results are not in this job's output.
#}
{% macro known_confidence(confidence, is_inherited, max_answers_per_object) -%}
    case
        when {{ confidence }} > 0 then {{ confidence }}
        when {{ confidence }} = 0 and not {{ is_inherited }} and {{ max_answers_per_object }} > 1 then {{ confidence }}
    end
{%- endmacro %}
