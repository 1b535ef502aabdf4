-- An answer is scored if its labels and the object's consolidated labels are both classes, both boxes or both spans, or
-- empty, and are not too many. Without it, a key that no longer joins turns scores into NULL: the rates rest on fewer
-- answers, and look as good as before.
with label_sets as (
    select * from {{ ref('int_label_sets') }}
    where
        shape in ('class', 'box', 'span')
        and member_count is not null
),

worker_answers as (
    select * from {{ ref('int_worker_answers') }}
),

tasks as (
    select * from {{ ref('fct_worker_tasks') }}
),

too_many as (
    select * from {{ ref('int_crowded_comparisons') }}
    where
        reference_set_key = 'consolidated'
        and set_aside_reason is not null
),

comparable as (
    select
        worker_answers.job_name,
        worker_answers.iteration,
        worker_answers.object_index,
        worker_answers.worker_key,
        worker_answers.submitted_at
    from worker_answers
    inner join label_sets as answered
        on worker_answers.job_name = answered.job_name
        and worker_answers.object_index = answered.object_index
        and answered.set_kind = 'answer'
        and worker_answers.answer_no = answered.answer_no
    inner join label_sets as consolidated
        on worker_answers.job_name = consolidated.job_name
        and worker_answers.object_index = consolidated.object_index
        and consolidated.set_kind = 'consolidated'
        and answered.shape = consolidated.shape
    left join too_many
        on answered.job_name = too_many.job_name
        and answered.object_index = too_many.object_index
        and answered.label_set_key = too_many.answer_set_key
    where too_many.job_name is null
)

select comparable.*
from comparable
left join tasks
    on comparable.job_name = tasks.job_name
    and comparable.object_index = tasks.object_index
    and comparable.worker_key = tasks.worker_key
    -- Answers from consolidation requests have no time.
    and comparable.submitted_at is not distinct from tasks.submitted_at
where tasks.aws_notebook_score is null
