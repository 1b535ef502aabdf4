with attribute_definitions as (
    select * from {{ ref('stg_ground_truth__label_attribute_definitions') }}
),

ranked_definitions as (
    select
        *,
        row_number() over (
            partition by job_name, scope, label, attribute_name
            order by load_id desc, file_no desc
        ) as newest_rank
    from attribute_definitions
),

definitions as (
    select
        job_name,
        scope,
        label,
        attribute_name,
        attribute_type,
        description,
        enum_json,
        minimum,
        maximum,
        is_required,
        edits_allowed,
        source_file_uri
    from ranked_definitions
    where newest_rank = 1
)

select * from definitions
