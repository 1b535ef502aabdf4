with data_objects as (
    select * from {{ ref('stg_ground_truth__data_objects') }}
),

-- An object has a row for each label attribute, of which one has the other keys of its line; in older lakes all have.
objects as (
    select
        job_name,
        object_index,
        max(passthrough_json) as passthrough_json
    from data_objects
    where passthrough_json like '%"review-of":"%'
    group by job_name, object_index
),

samples as (
    select
        job_name,
        object_index,
        {{ text_member('passthrough_json', 'review-of') }} as audited_object_key,
        {{ text_member('passthrough_json', 'review-sample') }} as sample_kind
    from objects
)

select * from samples
