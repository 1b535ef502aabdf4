{% macro worker_name(worker_key, username, email) -%}
    {%- set pseudonym = "'worker-' || substr(" ~ worker_key ~ ", 1, 8)" -%}
    {%- set identity = var('worker_identity') -%}
    {%- if identity == 'pseudonym' -%}
        {{ pseudonym }}
    {%- elif identity == 'username' -%}
        coalesce({{ username }}, {{ pseudonym }})
    {%- elif identity == 'email' -%}
        coalesce({{ email }}, {{ pseudonym }})
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            "The var worker_identity is '" ~ identity ~ "': it must be pseudonym, username or email."
        ) }}
    {%- endif -%}
{%- endmacro %}
