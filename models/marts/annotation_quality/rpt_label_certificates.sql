{%- set target = 'cast(' ~ var('certificate_target_share') ~ ' as double)' -%}

with labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

object_labels as (
    select * from {{ ref('int_object_labels') }}
    where
        not is_inherited
        and label_status = 'labeled'
),

golden_classes as (
    select * from {{ ref('int_golden_classes') }}
),

object_reviews as (
    select * from {{ ref('int_object_reviews') }}
    where not is_targeted
),

label_reviews as (
    select * from {{ ref('fct_label_reviews') }}
    where
        job_kind = 'review'
        and coalesce(sample_kind, 'random') = 'random'
        and not {{ is_named('job_name', list_var('targeted_audits')) }}
),

-- An object counts by its first review: later ones may be of labels that the first one had changed.
ranked_audits as (
    select
        audited_job_name as job_name,
        audited_object_index as object_index,
        is_accepted,
        row_number() over (
            partition by audited_job_name, audited_object_index
            order by labeled_at nulls last, job_name, object_index, item_number
        ) as audit_rank
    from object_reviews
    where audited_object_index is not null
),

judged_objects as (
    select
        object_labels.job_name,
        object_labels.object_index,
        object_labels.label,
        golden_classes.label as golden_label,
        ranked_audits.is_accepted
    from object_labels
    inner join labeling_jobs on object_labels.job_name = labeling_jobs.job_name
    left join golden_classes
        on object_labels.job_name = golden_classes.job_name
        and object_labels.object_index = golden_classes.object_index
        and object_labels.label is not null
    left join ranked_audits
        on object_labels.job_name = ranked_audits.job_name
        and object_labels.object_index = ranked_audits.object_index
        and ranked_audits.audit_rank = 1
    where labeling_jobs.job_kind in ('label', 'adjustment')
),

object_counts as (
    select
        job_name,
        label,
        grouping(label) = 1 as is_total,
        count(*) as object_count,
        count(golden_label) as golden_count,
        count(case when label <> golden_label then 1 end) as golden_error_count,
        count(is_accepted) as audit_count,
        count(case when not is_accepted then 1 end) as audit_error_count
    from judged_objects
    group by grouping sets ((job_name, label), (job_name))
),

-- Audits may be made of any job; golden answers are there or not.
bases (basis) as (
    values ('golden'), ('audit')
),

object_samples as (
    select
        object_counts.job_name,
        object_counts.label,
        bases.basis,
        object_counts.object_count,
        case bases.basis when 'golden' then object_counts.golden_count else object_counts.audit_count end
            as sample_count,
        case bases.basis when 'golden' then object_counts.golden_error_count else object_counts.audit_error_count end
            as error_count,
        max(object_counts.golden_count) over (partition by object_counts.job_name) as job_golden_count
    from object_counts
    cross join bases
    where
        object_counts.is_total
        or object_counts.label is not null
),

-- Of the labels that a model gave, nobody knows how many there are beside those under review.
samples as (
    select
        job_name,
        label,
        basis,
        object_count,
        sample_count,
        error_count
    from object_samples
    where
        basis = 'audit'
        or job_golden_count > 0
    union all
    select
        job_name,
        label,
        'review' as basis,
        cast(null as bigint) as object_count,
        count(*) as sample_count,
        count(case when not is_correct then 1 end) as error_count
    from label_reviews
    group by grouping sets ((job_name, label), (job_name))
    having
        grouping(label) = 1
        or label is not null
),

-- Of labels that were all looked at, nothing is left to chance.
bounds as (
    select
        *,
        {{ safe_divide('error_count', 'sample_count') }} as error_share,
        case
            when sample_count = object_count then {{ safe_divide('error_count', 'sample_count') }}
            else {{ exact_share_upper('error_count', 'sample_count') }}
        end as error_share_upper,
        object_count - sample_count as unseen_count,
        {{ certificate_sample_size('error_count', target) }} - sample_count as missing_count
    from samples
),

certificates as (
    select
        *,
        coalesce(error_share_upper <= {{ target }}, false) as is_certified
    from bounds
),

final as (
    select
        certificates.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        certificates.label,
        cast(certificates.basis as varchar) as basis,
        certificates.object_count,
        certificates.sample_count,
        certificates.error_count,
        certificates.error_share,
        certificates.error_share_upper,
        {{ target }} as target_share,
        certificates.is_certified,
        cast(case
            when certificates.is_certified then 0
            -- Too many errors for the target, even if all other labels are right.
            when certificates.error_count > {{ target }} * certificates.object_count then null
            when certificates.unseen_count < certificates.missing_count then certificates.unseen_count
            -- The two approximations may differ by an object.
            when certificates.missing_count < 1 then 1
            else certificates.missing_count
        end as bigint) as audits_needed,
        cast(case certificates.basis
            when 'golden'
                then
                    'The golden answers are right, their objects were drawn at random from all that the job labeled, '
                    || 'and workers could not tell them from others.'
            when 'audit'
                then
                    'The audited objects were drawn at random from all that the job labeled, not because they looked '
                    || 'wrong, and the auditors found every error.'
            else
                'The items under review were drawn at random from all that the model labeled, not by its confidence, '
                || 'and the reviewers found every error.'
        end as varchar) as assumption
    from certificates
    inner join labeling_jobs on certificates.job_name = labeling_jobs.job_name
)

select * from final
