{#
  Keys of facts, of one text column each, never NULL, the same in every mart. Their parts can be read: they cost less to
  store than hashes do. Of a job's own results they do not change when the job's label attribute becomes known; results
  of an earlier job, which a chained job's manifest repeats, have keys of their own, so joins never mix the two.
#}
{% macro object_key(relation_name='', has_inherited=false) -%}
    {%- set prefix = relation_name ~ '.' if relation_name else '' -%}
    {{ prefix }}job_name || '/' || cast({{ prefix }}object_index as varchar)
    {%- if has_inherited %} || case when {{ prefix }}is_inherited then ':' || {{ prefix }}label_attribute_name else '' end
    {%- endif -%}
{%- endmacro %}


{# The job in an object_key that came from outside, in review-of; NULL if it is no such key. No job's name has a slash. #}
{% macro job_of_object_key(key) -%}
    case
        when
            {{ key }} like '_%/_%'
            and {{ key }} not like '%/%/%'
            and translate(split_part({{ key }}, '/', 2), '0123456789', '') = ''
            then split_part({{ key }}, '/', 1)
    end
{%- endmacro %}


{# Outside sequences, the object counts as one frame without a number. #}
{% macro frame_key(relation_name='', has_inherited=false) -%}
    {%- set prefix = relation_name ~ '.' if relation_name else '' -%}
    {{ object_key(relation_name, has_inherited) }} || '/' || coalesce(cast({{ prefix }}frame_index as varchar), '-')
{%- endmacro %}


{% macro annotation_key(relation_name='', has_inherited=false) -%}
    {%- set prefix = relation_name ~ '.' if relation_name else '' -%}
    {{ frame_key(relation_name, has_inherited) }} || '/' || cast({{ prefix }}annotation_index as varchar)
{%- endmacro %}


{# A worker submits an object at most once a second (int_worker_answers). Answers that come later change no key. #}
{% macro task_key(relation_name='') -%}
    {%- set prefix = relation_name ~ '.' if relation_name else '' -%}
    {%- set submitted_second = "date_trunc('second', " ~ prefix ~ 'submitted_at)' -%}
    {{ object_key(relation_name) }} || '/' || {{ prefix }}worker_key || '/'
    || coalesce(
        cast(date_diff('second', timestamp '1970-01-01 00:00:00', {{ submitted_second }}) as varchar),
        '-'
    )
{%- endmacro %}


{# The label's length comes before it, so no label and no uri, whatever characters they hold, run into one another. #}
{% macro item_key(relation_name='') -%}
    {%- set prefix = relation_name ~ '.' if relation_name else '' -%}
    {{ prefix }}job_name || '/'
    || coalesce(cast(length({{ prefix }}label) as varchar) || ':' || {{ prefix }}label, '-')
    || '/' || {{ prefix }}item_uri
{%- endmacro %}
