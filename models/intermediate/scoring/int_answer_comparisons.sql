with label_sets as (
    select * from {{ ref('int_label_sets') }}
),

matches as (
    select * from {{ ref('int_label_matches') }}
),

crowded_comparisons as (
    select * from {{ ref('int_crowded_comparisons') }}
    where set_aside_reason is not null
),

match_counts as (
    select
        job_name,
        object_index,
        reference_set_key,
        answer_set_key,
        count(*) as match_count,
        sum(overlap) as match_overlap
    from matches
    where
        is_match
        and is_same_label
    group by job_name, object_index, reference_set_key, answer_set_key
),

-- Each answer with the golden set, with the consolidated set and, once per pair, with the answers of other workers.
pairs_of_sets as (
    select
        reference_sets.job_name,
        reference_sets.object_index,
        reference_sets.label_set_key as reference_set_key,
        answer_sets.label_set_key as answer_set_key,
        reference_sets.set_kind as reference_kind,
        reference_sets.answer_no as reference_answer_no,
        reference_sets.worker_key as reference_worker_key,
        answer_sets.answer_no,
        answer_sets.worker_key,
        case when reference_sets.shape = answer_sets.shape then reference_sets.shape end as shape,
        reference_sets.member_count as reference_member_count,
        reference_sets.member_count + answer_sets.member_count as member_count
    from label_sets as reference_sets
    inner join label_sets as answer_sets
        on reference_sets.job_name = answer_sets.job_name
        and reference_sets.object_index = answer_sets.object_index
    where
        answer_sets.set_kind = 'answer'
        and (
            reference_sets.set_kind <> 'answer'
            or (
                reference_sets.answer_no < answer_sets.answer_no
                and reference_sets.worker_key <> answer_sets.worker_key
            )
        )
),

comparisons as (
    select
        pairs_of_sets.*,
        coalesce(match_counts.match_count, 0) as match_count,
        coalesce(match_counts.match_overlap, 0) as match_overlap,
        crowded_comparisons.set_aside_reason
    from pairs_of_sets
    left join match_counts
        on pairs_of_sets.job_name = match_counts.job_name
        and pairs_of_sets.object_index = match_counts.object_index
        and pairs_of_sets.reference_set_key = match_counts.reference_set_key
        and pairs_of_sets.answer_set_key = match_counts.answer_set_key
    left join crowded_comparisons
        on pairs_of_sets.job_name = crowded_comparisons.job_name
        and pairs_of_sets.object_index = crowded_comparisons.object_index
        and pairs_of_sets.reference_set_key = crowded_comparisons.reference_set_key
        and pairs_of_sets.answer_set_key = crowded_comparisons.answer_set_key
),

scored_comparisons as (
    select
        *,
        case
            when set_aside_reason is not null then null
            when shape <> 'mixed' and member_count = 0 then 1
            -- Jaccard index: the classes in both sets, of all classes in either. For one class each: right or wrong.
            when shape = 'class' then {{ safe_divide('match_count', 'member_count - match_count') }}
            -- Mean IoU of the classes in either set; a class that only one has counts as 0.
            when shape = 'mask' then {{ safe_divide('match_overlap', 'member_count - match_count') }}
            -- F1, the harmonic mean of precision and recall. It is the same seen from either set.
            when shape <> 'mixed' then {{ safe_divide('2 * match_count', 'member_count') }}
        end as score
    from comparisons
)

select * from scored_comparisons
