with objects as (
    select * from {{ ref('int_object_labels') }}
    where
        not is_inherited
        and label_status = 'labeled'
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
    where job_kind in ('label', 'adjustment')
),

consensus as (
    select * from {{ ref('int_object_consensus') }}
    where service_label is not null
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

scores as (
    select * from {{ ref('int_answer_scores') }}
),

annotations as (
    select * from {{ ref('int_annotations') }}
    where not is_inherited
),

label_changes as (
    select * from {{ ref('int_label_changes') }}
    where change_kind <> 'added'
),

golden_classes as (
    select * from {{ ref('int_golden_classes') }}
),

label_reviews as (
    select * from {{ ref('int_label_reviews') }}
),

audited_objects as (
    select * from {{ ref('int_audited_objects') }}
),

labeled_objects as (
    select
        objects.job_name,
        objects.object_index,
        objects.label,
        objects.confidence,
        objects.is_human_annotated
    from objects
    inner join labeling_jobs on objects.job_name = labeling_jobs.job_name
),

class_doubts as (
    select
        job_name,
        service_label,
        avg(1 - service_probability) as doubt
    from consensus
    group by job_name, service_label
),

object_tasks as (
    select
        worker_answers.job_name,
        worker_answers.object_index,
        count(scores.peer_score) as peer_count,
        avg(scores.peer_score) as peer_score,
        avg(worker_answers.time_spent_seconds) as mean_time,
        -- A time of 0 has no logarithm.
        case
            when avg(worker_answers.time_spent_seconds) > 0 then ln(avg(worker_answers.time_spent_seconds))
        end as log_time
    from worker_answers
    left join scores
        on worker_answers.job_name = scores.job_name
        and worker_answers.object_index = scores.object_index
        and worker_answers.answer_no = scores.answer_no
    group by worker_answers.job_name, worker_answers.object_index
),

timed_objects as (
    select
        *,
        avg(log_time) over (partition by job_name) as mean_log_time,
        stddev_samp(log_time) over (partition by job_name) as deviation_log_time
    from object_tasks
),

-- Areas of labels differ by factors, as times do.
sized_labels as (
    select
        job_name,
        object_index,
        label,
        area,
        ln(area) as log_area,
        avg(ln(area)) over (partition by job_name, shape, label) as mean_log_area,
        stddev_samp(ln(area)) over (partition by job_name, shape, label) as deviation_log_area
    from annotations
    where area > 0
),

label_sizes as (
    select
        *,
        {{ safe_divide('log_area - mean_log_area', 'deviation_log_area') }} as size_deviation
    from sized_labels
),

unusual_sizes as (
    select
        job_name,
        object_index,
        label,
        area,
        size_deviation,
        row_number() over (
            partition by job_name, object_index
            order by abs(size_deviation) desc, label asc, area asc
        ) as size_rank
    from label_sizes
    where abs(size_deviation) > {{ var('outlier_deviations') }}
),

label_adjustments as (
    select
        audited_job_name as job_name,
        label,
        count(*) as audited_count,
        {{ safe_divide("count(case when change_kind <> 'kept' then 1 end)", 'count(*)') }} as adjusted_share
    from label_changes
    group by audited_job_name, label
),

-- Of the classes on an object, the one that was adjusted most often.
adjusted_classes as (
    select
        annotations.job_name,
        annotations.object_index,
        annotations.label,
        label_adjustments.audited_count,
        label_adjustments.adjusted_share,
        row_number() over (
            partition by annotations.job_name, annotations.object_index
            order by
                label_adjustments.adjusted_share desc,
                annotations.label asc,
                annotations.frame_index asc,
                annotations.annotation_index asc
        ) as adjusted_rank
    from annotations
    inner join label_adjustments
        on annotations.job_name = label_adjustments.job_name
        and annotations.label = label_adjustments.label
    where label_adjustments.adjusted_share > 0
),

reviewed_objects as (
    select
        audited_objects.audited_job_name as job_name,
        audited_objects.audited_object_index as object_index,
        count(case when label_reviews.is_confirmed then 1 end) as confirmed_count,
        count(case when not label_reviews.is_confirmed then 1 end) as rejected_count
    from label_reviews
    inner join audited_objects
        on label_reviews.job_name = audited_objects.job_name
        and label_reviews.object_index = audited_objects.object_index
        and coalesce(label_reviews.item_number, -1) = coalesce(audited_objects.item_number, -1)
    group by audited_objects.audited_job_name, audited_objects.audited_object_index
),

usual_confidences as (
    select
        *,
        avg(confidence) over (partition by job_name, label, is_human_annotated) as mean_confidence
    from labeled_objects
    where confidence is not null
),

signals as (
    select
        labeled_objects.job_name,
        labeled_objects.object_index,
        'golden' as signal_name,
        cast(1 as double) as signal_value,
        'The golden answer is ' || golden_classes.label || '.' as reason
    from labeled_objects
    inner join golden_classes
        on labeled_objects.job_name = golden_classes.job_name
        and labeled_objects.object_index = golden_classes.object_index
    where labeled_objects.label <> golden_classes.label
    union all
    select
        job_name,
        object_index,
        'consensus' as signal_name,
        1 - service_probability as signal_value,
        case
            when is_agreeing
                then
                    'By its answers, each weighed by how reliable its worker is, there is a chance of '
                    || {{ percent_text('1 - service_probability') }} || ' that it is not ' || service_label || '.'
            else
                'Its answers, each weighed by how reliable its worker is, say ' || consensus_label
                || ', with a chance of ' || {{ percent_text('consensus_probability') }} || '.'
        end as reason
    from consensus
    union all
    select
        consensus.job_name,
        consensus.object_index,
        'class' as signal_name,
        class_doubts.doubt as signal_value,
        'About ' || {{ percent_text('class_doubts.doubt') }} || ' of the ' || class_doubts.service_label
        || ' labels are in doubt.' as reason
    from consensus
    inner join class_doubts
        on consensus.job_name = class_doubts.job_name
        and consensus.service_label = class_doubts.service_label
    union all
    select
        object_tasks.job_name,
        object_tasks.object_index,
        'disagreement' as signal_name,
        1 - object_tasks.peer_score as signal_value,
        'Its ' || {{ number_text('object_tasks.peer_count') }} || ' answers agree by only '
        || {{ percent_text('object_tasks.peer_score') }} || ' on average.' as reason
    from object_tasks
    left join consensus
        on object_tasks.job_name = consensus.job_name
        and object_tasks.object_index = consensus.object_index
    where
        object_tasks.peer_score is not null
        and consensus.job_name is null
    union all
    select
        job_name,
        object_index,
        'machine' as signal_name,
        1 - confidence as signal_value,
        'The model that labeled it was ' || {{ percent_text('confidence') }} || ' sure.' as reason
    from usual_confidences
    where not is_human_annotated
    union all
    select
        job_name,
        object_index,
        'split review' as signal_name,
        cast(1 as double) as signal_value,
        'Reviewers do not agree: ' || {{ number_text('confirmed_count') }} || ' confirmed it, '
        || {{ number_text('rejected_count') }} || ' rejected it.' as reason
    from reviewed_objects
    where
        confirmed_count > 0
        and rejected_count > 0
    union all
    select
        job_name,
        object_index,
        'adjusted class' as signal_name,
        adjusted_share as signal_value,
        'Reviewers adjusted ' || {{ percent_text('adjusted_share') }} || ' of '
        || {{ number_text('audited_count') }} || ' ' || label || ' labels.' as reason
    from adjusted_classes
    where adjusted_rank = 1
    union all
    select
        job_name,
        object_index,
        'size' as signal_name,
        cast(1 as double) as signal_value,
        'Its ' || label || ' label is unusually ' || case when size_deviation > 0 then 'large' else 'small' end
        || ': ' || {{ number_text('area') }} || ' square pixels.' as reason
    from unusual_sizes
    where size_rank = 1
    union all
    select
        job_name,
        object_index,
        'entropy' as signal_name,
        {{ safe_divide('label_entropy', 'ln(answer_count)') }} as signal_value,
        'The workers gave it several classes.' as reason
    from consensus
    union all
    select
        job_name,
        object_index,
        'confidence' as signal_name,
        greatest(mean_confidence - confidence, 0) as signal_value,
        'Its confidence is ' || {{ percent_text('confidence') }} || ', less than usual.' as reason
    from usual_confidences
    where is_human_annotated
    union all
    select
        job_name,
        object_index,
        'time' as signal_name,
        cast(1 as double) as signal_value,
        'Its answers took unusually ' || case when log_time > mean_log_time then 'long' else 'little time' end || ': '
        || {{ number_text('mean_time', 1) }} || ' seconds on average.' as reason
    from timed_objects
    where round(abs(log_time - mean_log_time) - {{ var('outlier_deviations') }} * deviation_log_time, 9) > 0
),

-- Rounded, because sums of doubles end differently in another order.
final as (
    select
        signals.job_name,
        signals.object_index,
        signals.signal_name,
        round(signals.signal_value, 6) as signal_value,
        case signals.signal_name
            {%- for signal, weight in review_signal_weights().items() %}
                when '{{ signal }}' then {{ weight }} * round(signals.signal_value, 6)
            {%- endfor %}
        end as weighted_value,
        signals.reason
    from signals
    inner join labeled_objects
        on signals.job_name = labeled_objects.job_name
        and signals.object_index = labeled_objects.object_index
    where round(signals.signal_value, 6) > 0
)

select * from final
