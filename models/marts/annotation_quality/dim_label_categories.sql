with label_categories as (
    select * from {{ ref('int_label_categories') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

final as (
    select
        label_categories.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        label_categories.label,
        label_categories.category_index,
        label_categories.short_display_name,
        label_categories.edits_allowed,
        label_categories.source_file_uri
    from label_categories
    inner join labeling_jobs on label_categories.job_name = labeling_jobs.job_name
)

select * from final
