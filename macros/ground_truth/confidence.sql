{#
  Ground Truth writes confidence 0 where one worker labeled an object: that is no confidence, so NULL. Only where some
  object of the job had several workers is a 0 one. Who labeled inherited results is not in this job's output: NULL.
#}
{% macro known_confidence(confidence, is_inherited, max_answers_per_object) -%}
    case
        when {{ confidence }} <> 0 then {{ confidence }}
        when not {{ is_inherited }} and {{ max_answers_per_object }} > 1 then {{ confidence }}
    end
{%- endmacro %}
