with signals as (
    select * from {{ ref('int_review_signals') }}
),

objects as (
    select * from {{ ref('int_object_labels') }}
    where not is_inherited
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

consensus as (
    select * from {{ ref('int_object_consensus') }}
),

object_answers as (
    select * from {{ ref('int_object_answers') }}
),

object_reviews as (
    select * from {{ ref('int_object_reviews') }}
),

ranked_signals as (
    select
        *,
        row_number() over (
            partition by job_name, object_index
            order by weighted_value desc, signal_name asc
        ) as signal_rank
    from signals
),

-- The chance that at least one of the signals is right, if they are independent.
scored_objects as (
    select
        job_name,
        object_index,
        round(1 - exp(sum(ln(greatest(1 - weighted_value, 1e-9)))), 6) as score,
        max(case when signal_rank = 1 then reason end) as reason,
        bool_or(signal_name = 'split review') as is_split,
        {{ dbt.listagg(
            "'\"' || signal_name || '\": ' || " ~ number_text('signal_value', 4),
            "', '",
            'order by signal_name'
        ) }} as signals_json
    from ranked_signals
    group by job_name, object_index
),

-- When an object was last reviewed; a review that has no date came after the label, as it must.
reviewed_objects as (
    select
        audited_job_name as job_name,
        audited_object_index as object_index,
        max(coalesce(labeled_at, timestamp '9999-12-31 00:00:00')) as reviewed_at
    from object_reviews
    where audited_object_index is not null
    group by audited_job_name, audited_object_index
),

queued_objects as (
    select scored_objects.*
    from scored_objects
    inner join objects
        on scored_objects.job_name = objects.job_name
        and scored_objects.object_index = objects.object_index
    left join reviewed_objects
        on scored_objects.job_name = reviewed_objects.job_name
        and scored_objects.object_index = reviewed_objects.object_index
    where
        scored_objects.score >= {{ var('review_minimum_score') }}
        and (
            reviewed_objects.job_name is null
            or reviewed_objects.reviewed_at < objects.labeled_at
            -- A review that did not settle it.
            or scored_objects.is_split
        )
),

final as (
    select
        {{ object_key('queued_objects') }} as object_key,
        queued_objects.job_name,
        cast(labeling_jobs.job_kind as varchar) as job_kind,
        labeling_jobs.audited_job_name,
        objects.task_type,
        queued_objects.object_index,
        objects.source_uri,
        objects.label,
        case
            when consensus.golden_label <> objects.label then consensus.golden_label
            when not consensus.is_agreeing then consensus.consensus_label
        end as suggested_label,
        queued_objects.score,
        queued_objects.reason,
        '{' || queued_objects.signals_json || '}' as reasons_json,
        coalesce(object_answers.answer_count, 0) as answer_count,
        row_number() over (
            partition by queued_objects.job_name
            order by queued_objects.score desc, queued_objects.object_index asc
        ) as position -- noqa: RF04
    from queued_objects
    inner join objects
        on queued_objects.job_name = objects.job_name
        and queued_objects.object_index = objects.object_index
    inner join labeling_jobs on queued_objects.job_name = labeling_jobs.job_name
    left join consensus
        on queued_objects.job_name = consensus.job_name
        and queued_objects.object_index = consensus.object_index
    left join object_answers
        on queued_objects.job_name = object_answers.job_name
        and queued_objects.object_index = object_answers.object_index
)

select * from final
