{#
  Common table expressions <candidates>_1 to <candidates>_<rounds>, from <candidates>_0: one-to-one matching by rounds of
  mutual best rank. In each round, a candidate that has the lowest candidate_rank of both its sides is a match, and the other
  candidates of those sides are dropped. The first candidate of a group is the best of both its sides, so every round
  makes progress. Candidates that the last round leaves open have is_match false.

  Args:
    group_columns: columns within whose values the sides are matched.
    one_side, other_side: columns that identify a side, each one column.
    kept_columns: other columns to keep.
    rounds: the number of rounds.
    candidates: what the names of the expressions begin with.
#}
{% macro mutual_best_matches(group_columns, one_side, other_side, kept_columns, rounds, candidates='candidates') -%}
    {%- for round in range(1, rounds + 1) -%}
        {#- Matches of earlier rounds have no rivals left, so they are found again. -#}
        {{ candidates }}_best_{{ round }} as (
            select
                {{ group_columns }},
                {{ one_side }},
                {{ other_side }},
                {{ kept_columns | join(', ') }},
                candidate_rank,
                candidate_rank = min(candidate_rank) over (partition by {{ group_columns }}, {{ one_side }})
                and candidate_rank = min(candidate_rank) over (partition by {{ group_columns }}, {{ other_side }})
                    as is_match
            from {{ candidates }}_{{ round - 1 }}
        ),

        {{ candidates }}_taken_{{ round }} as (
            select
                *,
                bool_or(is_match) over (partition by {{ group_columns }}, {{ one_side }})
                or bool_or(is_match) over (partition by {{ group_columns }}, {{ other_side }}) as is_taken
            from {{ candidates }}_best_{{ round }}
        ),

        {{ candidates }}_{{ round }} as (
            select * from {{ candidates }}_taken_{{ round }}
            where
                is_match
                or not is_taken
        ){{ ',' if not loop.last }}

    {% endfor -%}
{%- endmacro %}
