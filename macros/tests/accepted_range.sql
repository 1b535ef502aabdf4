{# NULL is accepted. Fails to compile if neither bound is given, because it would test nothing. #}
{% test accepted_range(model, column_name, min_value=none, max_value=none, inclusive=true) %}
    {%- if min_value is none and max_value is none %}
        {% do exceptions.raise_compiler_error('accepted_range of ' ~ column_name ~ ': give min_value, max_value or both.') %}
    {%- endif %}
    select *
    from {{ model }}
    where
        false
        {%- if min_value is not none %}
        or {{ column_name }} <{{ '' if inclusive else '=' }} {{ min_value }}
        {%- endif %}
        {%- if max_value is not none %}
        or {{ column_name }} >{{ '' if inclusive else '=' }} {{ max_value }}
        {%- endif %}
{% endtest %}
