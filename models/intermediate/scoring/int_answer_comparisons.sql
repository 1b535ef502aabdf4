with label_sets as (
    select * from {{ ref('int_label_sets') }}
),

matches as (
    select * from {{ ref('int_label_matches') }}
),

match_counts as (
    select
        job_name,
        object_index,
        left_set_no,
        right_set_no,
        count(*) as match_count
    from matches
    where is_match
    group by job_name, object_index, left_set_no, right_set_no
),

-- Each answer with the golden set, the consolidated set and, once per pair, the answers of other workers.
pairs as (
    select
        left_sets.job_name,
        left_sets.object_index,
        left_sets.set_no as left_set_no,
        right_sets.set_no as right_set_no,
        left_sets.set_kind as left_set_kind,
        case when left_sets.shape = right_sets.shape then left_sets.shape end as shape,
        left_sets.member_count + right_sets.member_count as member_count
    from label_sets as left_sets
    inner join label_sets as right_sets
        on left_sets.job_name = right_sets.job_name
        and left_sets.object_index = right_sets.object_index
        and left_sets.set_no < right_sets.set_no
    where
        right_sets.set_kind = 'answer'
        and (left_sets.set_kind <> 'answer' or left_sets.worker_key <> right_sets.worker_key)
),

comparisons as (
    select
        pairs.job_name,
        pairs.object_index,
        pairs.left_set_no,
        pairs.right_set_no,
        pairs.left_set_kind,
        pairs.shape,
        pairs.member_count,
        coalesce(match_counts.match_count, 0) as match_count
    from pairs
    left join match_counts
        on pairs.job_name = match_counts.job_name
        and pairs.object_index = match_counts.object_index
        and pairs.left_set_no = match_counts.left_set_no
        and pairs.right_set_no = match_counts.right_set_no
),

scored as (
    select
        *,
        case
            when shape in ('class', 'box', 'span') and member_count = 0 then 1
            -- Jaccard index: of all classes in either set, those in both. For one class each: right or wrong.
            when shape = 'class' then {{ safe_divide('match_count', 'member_count - match_count') }}
            -- F1, the harmonic mean of precision and recall: it is the same seen from either set.
            when shape in ('box', 'span') then {{ safe_divide('2 * match_count', 'member_count') }}
        end as score
    from comparisons
)

select * from scored
