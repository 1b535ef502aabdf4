{#
  A select statement that adds adjusted_p_value to a relation: the lowest false discovery rate at which the row is
  among the discoveries of its partition (Benjamini and Hochberg 1995). Rows without a p-value are no tests.
#}
{% macro adjusted_p_values(relation_name, columns, p_value='p_value') -%}
    {%- set partition = 'partition by ' ~ columns | join(', ') -%}
    select
        *,
        -- The least of p * tests / rank, of this p-value and of all larger ones. Never above 1, because the largest is not.
        case
            when {{ p_value }} is not null
                then min({{ p_value }} * p_value_count / p_value_rank) over (
                    {{ partition }}
                    order by {{ p_value }} desc nulls last
                )
        end as adjusted_p_value
    from (
        select
            *,
            count({{ p_value }}) over ({{ partition }}) as p_value_count,
            -- Of equal p-values, the last rank.
            nullif(count({{ p_value }}) over ({{ partition }} order by {{ p_value }} nulls last), 0) as p_value_rank
        from {{ relation_name }}
    ) as ranked_p_values
{%- endmacro %}
