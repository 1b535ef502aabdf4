with digits as (
    select *
    from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as digit_rows (digit)
),

-- 10,000 days: from before Ground Truth, which is of November 2018, to 2045.
numbers as (
    select ones.digit + 10 * tens.digit + 100 * hundreds.digit + 1000 * thousands.digit as day_number
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds
    cross join digits as thousands
),

final as (
    select cast({{ dbt.dateadd('day', 'day_number', "date '2018-01-01'") }} as date) as day_date
    from numbers
)

select * from final
