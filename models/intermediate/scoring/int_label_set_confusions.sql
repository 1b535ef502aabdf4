with comparisons as (
    select * from {{ ref('int_answer_comparisons') }}
),

single_class_jobs as (
    select distinct job_name
    from {{ ref('int_class_answers') }}
),

object_answers as (
    select * from {{ ref('int_object_answers') }}
),

members as (
    select * from {{ ref('int_label_set_members') }}
),

matches as (
    select * from {{ ref('int_label_matches') }}
    where is_match
),

-- The label that one worker's answer alone became is no reference for it. Answers of one class each are confused as
-- answers: int_class_answers has them.
counted_comparisons as (
    select
        comparisons.job_name,
        comparisons.object_index,
        comparisons.reference_set_key,
        comparisons.answer_set_key,
        case comparisons.reference_kind when 'answer' then 'peers' else comparisons.reference_kind end as reference
    from comparisons
    inner join object_answers
        on comparisons.job_name = object_answers.job_name
        and comparisons.object_index = object_answers.object_index
    left join single_class_jobs
        on comparisons.job_name = single_class_jobs.job_name
        and comparisons.shape = 'class'
    where
        comparisons.score is not null
        and single_class_jobs.job_name is null
        and (comparisons.reference_kind <> 'consolidated' or object_answers.worker_count >= 2)
),

matched_labels as (
    select
        counted_comparisons.job_name,
        counted_comparisons.reference,
        matches.reference_label,
        matches.answer_label as given_label,
        count(*) as label_count
    from counted_comparisons
    inner join matches
        on counted_comparisons.job_name = matches.job_name
        and counted_comparisons.object_index = matches.object_index
        and counted_comparisons.reference_set_key = matches.reference_set_key
        and counted_comparisons.answer_set_key = matches.answer_set_key
    group by
        counted_comparisons.job_name,
        counted_comparisons.reference,
        matches.reference_label,
        matches.answer_label
),

-- Each set once for each set that it is compared with, on either side.
set_uses as (
    select
        job_name,
        object_index,
        reference,
        true as is_reference,
        reference_set_key as label_set_key,
        count(*) as use_count
    from counted_comparisons
    group by
        job_name,
        object_index,
        reference,
        reference_set_key
    union all
    select
        job_name,
        object_index,
        reference,
        false as is_reference,
        answer_set_key as label_set_key,
        count(*) as use_count
    from counted_comparisons
    group by
        job_name,
        object_index,
        reference,
        answer_set_key
),

all_labels as (
    select
        set_uses.job_name,
        set_uses.reference,
        set_uses.is_reference,
        members.label,
        sum(set_uses.use_count) as label_count
    from set_uses
    inner join members
        on set_uses.job_name = members.job_name
        and set_uses.object_index = members.object_index
        and set_uses.label_set_key = members.label_set_key
    group by
        set_uses.job_name,
        set_uses.reference,
        set_uses.is_reference,
        members.label
),

-- A label without a match was missed, or added: all of its kind, less those that are matched. What is read several
-- times is computed several times on Trino, so rows are multiplied by a join.
cell_kinds as (
    select 'matched' as cell_kind
    union all
    select 'missed' as cell_kind
    union all
    select 'added' as cell_kind
),

cells as (
    select
        matched_labels.job_name,
        matched_labels.reference,
        case when cell_kinds.cell_kind = 'added' then '(none)' else matched_labels.reference_label end
            as reference_label,
        case when cell_kinds.cell_kind = 'missed' then '(none)' else matched_labels.given_label end as given_label,
        case when cell_kinds.cell_kind = 'matched' then 1 else -1 end * matched_labels.label_count as label_count
    from matched_labels
    cross join cell_kinds
    union all
    select
        job_name,
        reference,
        case when is_reference then label else '(none)' end as reference_label,
        case when is_reference then '(none)' else label end as given_label,
        label_count
    from all_labels
),

-- A pair of answers is compared once, and each of the two is the other's reference.
directions as (
    select true as is_forward
    union all
    select false as is_forward
),

cells_both_ways as (
    select
        cells.job_name,
        cells.reference,
        case when directions.is_forward then cells.reference_label else cells.given_label end as reference_label,
        case when directions.is_forward then cells.given_label else cells.reference_label end as given_label,
        cells.label_count
    from cells
    cross join directions
    where
        -- A label without a class is confused with none.
        cells.reference_label is not null
        and cells.given_label is not null
        and (directions.is_forward or cells.reference = 'peers')
),

confusions as (
    select
        job_name,
        reference,
        reference_label,
        given_label,
        cast(sum(label_count) as bigint) as answer_count
    from cells_both_ways
    group by
        job_name,
        reference,
        reference_label,
        given_label
    having sum(label_count) > 0
)

select * from confusions
