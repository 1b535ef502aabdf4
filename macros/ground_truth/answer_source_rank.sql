{# How good a source of answers a kind of file is: 1 has all that is known of them; the others have no times. #}
{% macro answer_source_rank(file_kind) -%}
    case {{ file_kind }}
        when 'consolidation_request' then 2
        when 'output_manifest' then 3
        else 1
    end
{%- endmacro %}
