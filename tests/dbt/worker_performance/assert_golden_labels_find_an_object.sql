{{ config(severity='warn') }}

-- Golden labels that match no data object of their job: a wrong index, another uri, an edited text. Without it, they
-- are left out silently, and the golden accuracy rests on fewer objects than the team believes.
with golden_labels as (
    select * from {{ ref('stg_ground_truth__golden_labels') }}
),

objects as (
    select
        job_name,
        object_index,
        source_uri,
        source_text
    from {{ ref('int_object_labels') }}
    where not is_inherited
)

select distinct
    golden_labels.job_name,
    golden_labels.object_index,
    golden_labels.source_uri,
    golden_labels.source_text
from golden_labels
left join objects as by_index
    on golden_labels.job_name = by_index.job_name
    and golden_labels.object_index = by_index.object_index
left join objects as by_uri
    on golden_labels.job_name = by_uri.job_name
    and golden_labels.source_uri = by_uri.source_uri
left join objects as by_text
    on golden_labels.job_name = by_text.job_name
    and golden_labels.source_text = by_text.source_text
where
    by_index.job_name is null
    and by_uri.job_name is null
    and by_text.job_name is null
