{# md5 of a text in hexadecimal digits. dbt.hash casts to a type that the linter does not know. #}
{% macro text_hash(text) -%}
    {{ return(adapter.dispatch('text_hash')(text)) }}
{%- endmacro %}


{% macro default__text_hash(text) -%}
    lower(to_hex(md5(to_utf8({{ text }}))))
{%- endmacro %}


{% macro duckdb__text_hash(text) -%}
    md5({{ text }})
{%- endmacro %}
