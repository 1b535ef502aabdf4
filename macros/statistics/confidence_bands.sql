{# Bands of confidence as rows: lower and upper bound. Each holds its lower bound, the last its upper one too. #}
{% macro confidence_bands(edges) -%}
    {%- if edges | length < 2 or edges | sort != edges or edges | unique | list | length != edges | length -%}
        {{ exceptions.raise_compiler_error(
            "The var confidence_bands is " ~ edges ~ ": it must be two or more numbers, each larger than the one before."
        ) }}
    {%- endif -%}
    {%- for band_low in edges[:-1] %}
    select
        cast({{ band_low }} as double) as band_low,
        cast({{ edges[loop.index] }} as double) as band_high,
        {{ loop.last }} as is_last_band
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
