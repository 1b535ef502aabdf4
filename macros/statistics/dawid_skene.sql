{#
  Dawid and Skene's model (1979) of answers in classes: each object has one right class, and each worker has a chance of
  their own to give each class to objects of each right class. Its parameters are those of the greatest posterior,
  by a fixed number of rounds of expectation and maximization. The prior is of Dirichlet, because few answers a worker
  fit anything without one: var consensus_error_prior answers in each class, var consensus_right_prior more in the right
  one, and var consensus_class_prior objects in each class.

  Two macros give common table expressions. The first makes the rows: one for each answer and each class that may be the
  right one of its object. The second does the rounds on these rows. A round reads the one before once, because Trino puts
  an expression in wherever it is read; and it knows objects, workers and classes by numbers, because windows over
  several texts take twice as long.
#}


{#
  Common table expressions candidate_answers to candidates.

  Args:
    answers: relation with job_name, object_index, worker_key, label.
    candidate_limit: if a job has more answers times classes, only classes that an object was given may be its right one;
      else all of the job.
    error_prior, right_prior, class_prior: of the prior. What is none is that of the vars, in all three macros.
#}
{% macro dawid_skene_candidates(answers, candidate_limit=none, error_prior=none, right_prior=none, class_prior=none) -%}
    {%- set candidate_limit = var('consensus_candidate_limit') if candidate_limit is none else candidate_limit -%}
    {%- set error_prior = var('consensus_error_prior') if error_prior is none else error_prior -%}
    {%- set right_prior = var('consensus_right_prior') if right_prior is none else right_prior -%}
    {%- set class_prior = var('consensus_class_prior') if class_prior is none else class_prior -%}
    candidate_answers as (
        select
            job_name,
            object_index,
            worker_key,
            label,
            cast(count(*) over (partition by job_name, object_index) as double) as answer_count
        from {{ answers }}
    ),

    candidate_jobs as (
        select
            job_name,
            row_number() over (order by job_name) as job_no,
            cast(count(distinct object_index) as double) as object_count,
            cast(count(distinct label) as double) as class_count,
            count(*) * count(distinct label) <= {{ candidate_limit }} as has_all_classes
        from candidate_answers
        group by job_name
    ),

    -- A job has far fewer workers, classes and objects than such numbers have room for.
    numbered_answers as (
        select
            candidate_answers.*,
            candidate_jobs.object_count,
            candidate_jobs.class_count,
            candidate_jobs.has_all_classes,
            candidate_jobs.job_no * 10000000000 + candidate_answers.object_index as object_no,
            candidate_jobs.job_no * 10000000000
            + dense_rank() over (partition by candidate_answers.job_name order by candidate_answers.worker_key)
                as worker_no,
            candidate_jobs.job_no * 10000000000
            + dense_rank() over (partition by candidate_answers.job_name order by candidate_answers.label) as class_no
        from candidate_answers
        inner join candidate_jobs on candidate_answers.job_name = candidate_jobs.job_name
    ),

    -- Classes that an object was given, and how often. Of a job that may have them all, the others too.
    object_classes as (
        select
            job_name,
            object_no,
            class_no,
            label,
            count(*) as given_count
        from numbered_answers
        group by
            job_name,
            object_no,
            class_no,
            label
        union all
        select
            objects.job_name,
            objects.object_no,
            job_classes.class_no,
            job_classes.label,
            0 as given_count
        from (
            select distinct
                job_name,
                object_no
            from numbered_answers
            where has_all_classes
        ) as objects
        inner join (
            select distinct
                job_name,
                class_no,
                label
            from numbered_answers
            where has_all_classes
        ) as job_classes on objects.job_name = job_classes.job_name
    ),

    possible_classes as (
        select
            object_no,
            class_no,
            max(label) as label,
            max(given_count) as given_count
        from object_classes
        group by object_no, class_no
    ),

    candidates as (
        select
            numbered_answers.job_name,
            numbered_answers.object_index,
            numbered_answers.worker_key,
            possible_classes.label,
            numbered_answers.label as given_label,
            numbered_answers.has_all_classes,
            numbered_answers.object_no,
            numbered_answers.worker_no,
            possible_classes.class_no,
            numbered_answers.class_no as given_class_no,
            numbered_answers.answer_count,
            numbered_answers.object_count + {{ class_prior }} * numbered_answers.class_count as class_prior_total,
            {{ error_prior }}
            + case when possible_classes.class_no = numbered_answers.class_no then {{ right_prior }} else 0 end
                as cell_prior,
            {{ error_prior }} * numbered_answers.class_count + {{ right_prior }} as worker_prior_total,
            possible_classes.given_count / numbered_answers.answer_count as probability
        from numbered_answers
        inner join possible_classes on numbered_answers.object_no = possible_classes.object_no
    )
{%- endmacro %}


{#
  Common table expressions rounds_0 to rounds_<rounds>: of the candidates their numbers, and the probability that the
  object is of the class (probability); its logarithm but for a constant of the object (evidence), and what of that is
  this answer's (answer_evidence); and of the object, the logarithm of the sum over its classes (object_evidence). The last
  two are of the parameters that the round began with, as dawid_skene_log_posterior takes them. The last round also
  keeps those of the round before it, with previous_ before their names.

  Args:
    candidates: relation as dawid_skene_candidates gives it.
    rounds: their number, 2 or more.
    class_prior: of the prior, as in dawid_skene_candidates.
#}
{% macro dawid_skene_rounds(candidates, rounds=none, class_prior=none) -%}
    {%- set rounds = var('consensus_rounds') if rounds is none else rounds -%}
    {%- set class_prior = var('consensus_class_prior') if class_prior is none else class_prior -%}
    {%- if rounds < 2 -%}
        {{ exceptions.raise_compiler_error("The var consensus_rounds is " ~ rounds ~ ": it must be 2 or more.") }}
    {%- endif -%}
    {%- set kept = [
        'object_no', 'worker_no', 'class_no', 'given_class_no', 'answer_count', 'class_prior_total', 'cell_prior',
        'worker_prior_total'
    ] | join(', ') -%}
    {%- set previous = ['class_evidence', 'answer_evidence', 'object_evidence'] -%}
    rounds_0 as (
        select
            {{ kept }},
            probability
        from {{ candidates }}
    ),

    {% for round in range(1, rounds + 1) -%}
        {%- set is_last = round == rounds -%}
        {%- set carried = kept ~ (', previous_' ~ previous | join(', previous_') if is_last else '') -%}
        -- Maximization: the chance of the class, and of the worker to give what was given to an object of the class.
        chances_{{ round }} as (
            select
                {{ kept }},
                {%- if is_last %}
                    {%- for column in previous %}
                        {{ column }} as previous_{{ column }},
                    {%- endfor %}
                {%- endif %}
                (sum(probability / answer_count) over (partition by class_no) + {{ class_prior }}) / class_prior_total
                    as class_chance,
                (sum(probability) over (partition by worker_no, class_no, given_class_no) + cell_prior)
                / (sum(probability) over (partition by worker_no, class_no) + worker_prior_total) as answer_chance
            from rounds_{{ round - 1 }}
        ),

        -- Expectation: the chances of all answers multiplied, as a sum of logarithms, less the greatest, which exp() holds.
        evidence_{{ round }} as (
            select
                {{ carried }},
                ln(class_chance) as class_evidence,
                ln(answer_chance) as answer_evidence,
                sum(ln(class_chance) / answer_count + ln(answer_chance)) over (partition by object_no, class_no)
                    as evidence
            from chances_{{ round }}
        ),

        greatest_{{ round }} as (
            select
                *,
                max(evidence) over (partition by object_no) as greatest_evidence
            from evidence_{{ round }}
        ),

        likelihoods_{{ round }} as (
            select
                *,
                exp(evidence - greatest_evidence) as likelihood,
                sum(exp(evidence - greatest_evidence)) over (partition by object_no) / answer_count as object_likelihood
            from greatest_{{ round }}
        ),

        rounds_{{ round }} as (
            select
                {{ carried }},
                class_evidence,
                answer_evidence,
                evidence,
                greatest_evidence + ln(object_likelihood) as object_evidence,
                likelihood / object_likelihood as probability
            from likelihoods_{{ round }}
        ){{ ',' if not loop.last }}

    {% endfor -%}
{%- endmacro %}


{#
  Common table expressions <name>_cells to <name>: the logarithm of the posterior of a job's parameters but for a
  constant (log_posterior), by job_name. No round of expectation and maximization makes it less (Dempster, Laird
  and Rubin 1977).

  Args:
    rounds: relation with the columns of a round, and job_name, object_index, worker_key, label, given_label, answer_count.
    name: of the last expression.
    prefix: before the names of the evidence columns.
    error_prior, right_prior, class_prior: of the prior.
#}
{% macro dawid_skene_log_posterior(rounds, name, prefix='', error_prior=none, right_prior=none, class_prior=none) -%}
    {%- set error_prior = var('consensus_error_prior') if error_prior is none else error_prior -%}
    {%- set right_prior = var('consensus_right_prior') if right_prior is none else right_prior -%}
    {%- set class_prior = var('consensus_class_prior') if class_prior is none else class_prior -%}
    {{ name }}_classes as (
        select
            job_name,
            label,
            max({{ prefix }}class_evidence) as class_evidence
        from {{ rounds }}
        group by job_name, label
    ),

    {{ name }}_cells as (
        select
            job_name,
            worker_key,
            label,
            given_label,
            max({{ prefix }}answer_evidence) as answer_evidence,
            {{ error_prior }} + case when given_label = label then {{ right_prior }} else 0 end as cell_prior
        from {{ rounds }}
        group by
            job_name,
            worker_key,
            label,
            given_label
    ),

    -- A worker's chances of a class add up to 1: those of its cells without an answer share the rest as their priors do.
    {{ name }}_workers as (
        select
            cells.job_name,
            cells.worker_key,
            cells.label,
            sum(cells.cell_prior * cells.answer_evidence) as used_prior,
            greatest(1 - sum(exp(cells.answer_evidence)), 0) as unused_chance,
            max(class_counts.class_count) * {{ error_prior }} + {{ right_prior }} - sum(cells.cell_prior) as unused_total,
            max(class_counts.class_count) - count(*) - (1 - max(case when cells.given_label = cells.label then 1 else 0 end))
                as unused_error_count,
            1 - max(case when cells.given_label = cells.label then 1 else 0 end) as unused_right_count
        from {{ name }}_cells as cells
        inner join (
            select
                job_name,
                count(*) as class_count
            from {{ name }}_classes
            group by job_name
        ) as class_counts on cells.job_name = class_counts.job_name
        group by
            cells.job_name,
            cells.worker_key,
            cells.label
    ),

    {{ name }}_parts as (
        select
            job_name,
            {{ class_prior }} * sum(class_evidence) as part
        from {{ name }}_classes
        group by job_name
        union all
        select
            job_name,
            sum(
                used_prior
                + case
                    when unused_error_count > 0
                        then unused_error_count * {{ error_prior }} * ln({{ error_prior }} * unused_chance / unused_total)
                    else 0
                end
                + case
                    when unused_right_count > 0
                        then
                            ({{ error_prior }} + {{ right_prior }})
                            * ln(({{ error_prior }} + {{ right_prior }}) * unused_chance / unused_total)
                    else 0
                end
            ) as part
        from {{ name }}_workers
        group by job_name
        union all
        select
            job_name,
            sum({{ prefix }}object_evidence / object_row_count) as part
        from (
            select
                job_name,
                {{ prefix }}object_evidence,
                cast(count(*) over (partition by job_name, object_index) as double) as object_row_count
            from {{ rounds }}
        ) as objects
        group by job_name
    ),

    {{ name }} as (
        select
            job_name,
            sum(part) as log_posterior
        from {{ name }}_parts
        group by job_name
    )
{%- endmacro %}
