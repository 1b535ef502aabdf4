-- Each labeled object whose manifest line has a result is in fct_object_results, and none that failed is. Without it,
-- an object is silently missing from the next job's input.
with objects as (
    select object_key
    from {{ ref('fct_object_labels') }}
    where
        not is_inherited
        and failure_reason is null
        and labeled_at is not null
),

results as (
    select object_key
    from {{ ref('fct_object_results') }}
)

select
    objects.object_key,
    results.object_key as result_key
from objects
left join results on objects.object_key = results.object_key
where results.object_key is null
union all
select
    results.object_key,
    results.object_key as result_key
from results
inner join {{ ref('fct_object_labels') }} as failed_objects
    on results.object_key = failed_objects.object_key
where failed_objects.failure_reason is not null
