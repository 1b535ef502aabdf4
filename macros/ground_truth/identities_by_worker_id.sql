{#
  A consolidation request names a worker only by worker_id, and so do some answers. Others may hold the identity of that
  id, which is used if it is the only one. The relation has the answers.
#}
{% macro identities_by_worker_id(answers) -%}
    select
        worker_id,
        max(worker_key) as worker_key,
        max(identity_provider) as identity_provider,
        max(identity_issuer) as identity_issuer,
        max(identity_sub) as identity_sub
    from {{ answers }}
    where identity_issuer is not null and identity_sub is not null
    group by worker_id
    having count(distinct worker_key) = 1
{%- endmacro %}
