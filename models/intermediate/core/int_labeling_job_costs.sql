with worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

labeling_jobs as (
    select * from {{ ref('int_labeling_jobs') }}
),

labor_rates as (
    select
        workteam_name,
        worker_key,
        hourly_rate,
        upper(currency) as currency,
        coalesce(from_date, date '0001-01-01') as from_date
    from {{ ref('labor_rates') }}
),

-- A rate is valid until the next one of the same team or worker.
rates as (
    select
        *,
        lead(from_date) over (
            partition by workteam_name, worker_key
            order by from_date
        ) as until_date
    from labor_rates
),

answers as (
    select
        worker_answers.job_name,
        worker_answers.worker_key,
        worker_answers.time_spent_seconds,
        cast(worker_answers.submitted_at as date) as submitted_date,
        labeling_jobs.workteam_name,
        labeling_jobs.task_price_usd
    from worker_answers
    inner join labeling_jobs on worker_answers.job_name = labeling_jobs.job_name
),

-- A worker's own rate comes before the team's. Whoever is paid by the task has no hourly rate.
rated_answers as (
    select
        answers.*,
        coalesce(worker_rates.hourly_rate, team_rates.hourly_rate) as hourly_rate,
        case
            when answers.task_price_usd is not null then 'USD'
            when worker_rates.hourly_rate is not null then worker_rates.currency
            else team_rates.currency
        end as currency
    from answers
    left join rates as worker_rates
        on answers.worker_key = worker_rates.worker_key
        and answers.submitted_date >= worker_rates.from_date
        and (answers.submitted_date < worker_rates.until_date or worker_rates.until_date is null)
    left join rates as team_rates
        on answers.workteam_name = team_rates.workteam_name
        and answers.submitted_date >= team_rates.from_date
        and (answers.submitted_date < team_rates.until_date or team_rates.until_date is null)
),

answer_costs as (
    select
        *,
        coalesce(task_price_usd, hourly_rate * time_spent_seconds / 3600) as cost
    from rated_answers
),

totals as (
    select
        job_name,
        cast(count(*) as bigint) as answer_count,
        cast(count(currency) as bigint) as rated_answer_count,
        cast(count(cost) as bigint) as costed_answer_count,
        count(distinct currency) as currency_count,
        max(currency) as currency,
        sum(cost) as cost
    from answer_costs
    group by job_name
),

-- An amount that leaves out some people, or adds up several currencies, would be none.
final as (
    select
        job_name,
        costed_answer_count,
        case when currency_count > 1 then 'several' else currency end as cost_currency,
        case
            when rated_answer_count = answer_count and currency_count = 1 and currency = 'USD' then cost
        end as cost_usd,
        -- With the answers whose time is not known, as if they had taken as long as the others.
        case
            when rated_answer_count = answer_count and currency_count = 1 and currency = 'USD'
                then {{ safe_divide('cost * answer_count', 'costed_answer_count') }}
        end as estimated_cost_usd
    from totals
)

select * from final
