with label_categories as (
    select * from {{ ref('stg_ground_truth__label_categories') }}
),

ranked_categories as (
    select
        *,
        row_number() over (
            partition by job_name, label
            order by load_id desc, file_no desc, category_index asc
        ) as newest_rank
    from label_categories
),

categories as (
    select
        job_name,
        label,
        category_index,
        short_display_name,
        edits_allowed,
        source_file_uri
    from ranked_categories
    where newest_rank = 1
)

select * from categories
