{#- A fast answer took less than this share of the others' median time. -#}
{%- set fast_share = 0.5 -%}

with worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

answer_scores as (
    select * from {{ ref('int_answer_scores') }}
),

answers as (
    select
        worker_answers.job_name,
        worker_answers.object_index,
        worker_answers.worker_key,
        worker_answers.time_spent_seconds,
        answer_scores.golden_score is not null as is_golden,
        coalesce(answer_scores.golden_score, answer_scores.peer_score) as score
    from worker_answers
    left join answer_scores
        on worker_answers.job_name = answer_scores.job_name
        and worker_answers.object_index = answer_scores.object_index
        and worker_answers.answer_no = answer_scores.answer_no
),

-- What the answer's score is compared with: the scores of all answers to the object, of the same kind.
compared_answers as (
    select
        *,
        count(score) over (partition by job_name, object_index, is_golden) as score_count,
        avg(score) over (partition by job_name, object_index, is_golden) as mean_score,
        avg(score * score) over (partition by job_name, object_index, is_golden) as mean_square,
        row_number() over (
            partition by job_name, worker_key
            order by time_spent_seconds nulls last
        ) as time_rank,
        count(time_spent_seconds) over (partition by job_name, worker_key) as time_count
    from answers
),

worker_medians as (
    select
        job_name,
        worker_key,
        {{ percentile('time_spent_seconds', 'time_rank', 'time_count', 0.5) }} as median_time_seconds
    from compared_answers
    where time_count > 0
    group by job_name, worker_key
),

ranked_workers as (
    select
        *,
        row_number() over (partition by job_name order by median_time_seconds, worker_key) as worker_rank,
        count(*) over (partition by job_name) as worker_count,
        floor(cast(count(*) over (partition by job_name) as double) / 2) as middle_rank
    from worker_medians
),

-- The three medians in the middle of the job's, of which those of all workers but one are made.
middles as (
    select
        *,
        {%- for step in [0, 1, 2] %}
            max(case when worker_rank = middle_rank + {{ step }} then median_time_seconds end)
                over (partition by job_name) as middle_{{ step }}
            {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from ranked_workers
),

limits as (
    select
        job_name,
        worker_key,
        median_time_seconds,
        case
            when mod(worker_count, 2) = 0
                then case when worker_rank <= worker_count / 2 then middle_1 else middle_0 end
            when worker_rank <= (worker_count - 1) / 2 then (middle_1 + middle_2) / 2
            when worker_rank = (worker_count + 1) / 2 then (middle_0 + middle_2) / 2
            else (middle_0 + middle_1) / 2
        end as others_median_seconds
    from middles
),

timed_answers as (
    select
        compared_answers.*,
        limits.median_time_seconds,
        limits.others_median_seconds,
        coalesce(
            compared_answers.time_spent_seconds < {{ fast_share }} * limits.others_median_seconds, false
        ) as is_fast,
        compared_answers.score is not null and compared_answers.score_count >= 2 as is_compared
    from compared_answers
    inner join limits
        on compared_answers.job_name = limits.job_name
        and compared_answers.worker_key = limits.worker_key
    where compared_answers.time_spent_seconds is not null
),

totals as (
    select
        job_name,
        worker_key,
        max(median_time_seconds) as median_time_seconds,
        max(others_median_seconds) as others_median_seconds,
        cast(count(*) as bigint) as timed_count,
        cast(count(case when is_fast then 1 end) as bigint) as fast_count,
        cast(count(case when is_fast and is_compared then 1 end) as bigint) as fast_scored_count,
        avg(case when is_fast and is_compared then score end) as fast_score,
        avg(case when is_fast and is_compared then (score_count * mean_score - score) / (score_count - 1) end)
            as others_score,
        sum(case when is_fast and is_compared then mean_score - score end) as missing_score,
        -- If all answers to an object are as good, the worker's may be any of their scores.
        sum(case when is_fast and is_compared then greatest(mean_square - mean_score * mean_score, 0) end)
            as score_variance
    from timed_answers
    group by job_name, worker_key
),

-- Half a wrong answer less, because answers are whole. Sums of equal scores leave a variance of a rounding error.
final as (
    select
        job_name,
        worker_key,
        median_time_seconds,
        others_median_seconds,
        timed_count,
        fast_count,
        fast_scored_count,
        round(fast_score, 9) as fast_score,
        round(others_score, 9) as others_score,
        round((missing_score - 0.5) / nullif(sqrt(round(score_variance, 9)), 0), 9) as z_score
    from totals
)

select * from final
