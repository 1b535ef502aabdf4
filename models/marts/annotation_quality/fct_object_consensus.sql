with consensus as (
    select * from {{ ref('int_object_consensus') }}
),

objects as (
    select * from {{ ref('int_object_labels') }}
    where not is_inherited
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

final as (
    select
        {{ object_key('consensus') }} as object_key,
        consensus.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        objects.task_type,
        consensus.object_index,
        objects.source_uri,
        consensus.service_label,
        consensus.consensus_label,
        consensus.consensus_probability,
        consensus.service_probability,
        consensus.majority_label,
        consensus.label_entropy,
        consensus.answer_count,
        consensus.is_agreeing,
        consensus.golden_label,
        consensus.has_all_classes,
        objects.source_file_uri
    from consensus
    inner join objects
        on consensus.job_name = objects.job_name
        and consensus.object_index = objects.object_index
    inner join labeling_jobs on consensus.job_name = labeling_jobs.job_name
)

select * from final
