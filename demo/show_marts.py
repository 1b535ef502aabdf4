"""Print the answers of the marts as small tables.

Reads the warehouse that dbt built: environment GT_WAREHOUSE, default demo/warehouse.duckdb.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parents[1]))
from ingest.display import text_table

# Questions of people who run labeling jobs, and the mart that answers each.
QUESTIONS = (
    (
        "Which jobs are there, and how far have they come?  (dim_labeling_jobs)",
        """
        select job_name, task_type, job_kind, object_count as objects, labeled_count as labeled,
            failed_count as failed, unlabeled_count as unlabeled, answer_count as answers, worker_count as workers
        from dim_labeling_jobs
        order by job_name
        """,
    ),
    (
        "How are the labelers doing?  (rpt_workers; accuracy against golden answers, with its 95 % interval)",
        """
        select worker_name as worker, task_count as tasks, label_count as labels,
            total_time_seconds / 3600 as hours, p50_time_seconds as median_seconds, golden_count as golden,
            golden_accuracy as accuracy, golden_accuracy_low as low, golden_accuracy_high as high,
            peer_count as compared, peer_agreement as agreement
        from rpt_workers
        where job_kind = 'label'
        order by golden_accuracy, worker_name
        """,
    ),
    (
        "How is the whole team doing, making labels and reviewing them?  (rpt_team)",
        """
        select job_kind, modality, worker_count as workers, task_count as tasks, mean_time_seconds as mean_seconds,
            p95_time_seconds as p95_seconds, labels_per_hour, golden_accuracy as accuracy,
            consolidated_agreement as agreement, peer_agreement
        from rpt_team
        order by job_kind = 'label' desc, job_kind, task_count desc, modality
        """,
    ),
    (
        "Whom should I ask about what?  (rpt_worker_flags)",
        """
        select job_name, flag, explanation
        from rpt_worker_flags
        order by job_name, flag, worker_name
        """,
    ),
    (
        "Which labels should I look at next?  (rpt_review_queue; the first of one job)",
        """
        select position, object_index as object, label, suggested_label as suggested, score, reason
        from rpt_review_queue
        where job_name = 'Wildlife-Images'
        order by position
        limit 10
        """,
    ),
    (
        "What did the audit find?  (rpt_audit_results)",
        """
        select job_name, label, outcome, annotation_count as labels, annotation_share as label_share,
            object_count as objects, object_share
        from rpt_audit_results
        order by job_name, label, object_count desc, outcome
        """,
    ),
    (
        "Which of a model's labels did reviewers confirm?  (fct_label_reviews)",
        """
        select job_name, label, count(*) as items, min(confidence) as least_confidence,
            cast(sum(confirm_count) as bigint) as confirmed, cast(sum(disconfirm_count) as bigint) as disconfirmed,
            avg(case when is_correct then 1.0 else 0 end) as correct_share
        from fct_label_reviews
        where label is not null
        group by job_name, label
        order by job_name, label
        """,
    ),
    (
        "How many labels are made per week, and how many reviewed?  (rpt_labels)",
        """
        select cast(date_trunc('week', labeled_date) as date) as week_of,
            cast(sum(made_count) as bigint) as made, cast(sum(reviewed_count) as bigint) as reviewed,
            count(distinct job_name) as jobs
        from rpt_labels
        group by 1
        order by 1
        """,
    ),
    (
        "In how many frames does each attribute value appear?  (rpt_attribute_values; a few of its rows)",
        """
        select job_name, scope, label, attribute_name as attribute, attribute_value as value,
            annotation_count as annotations, frame_count as frames
        from rpt_attribute_values
        where attribute_name in ('Moving', 'Frame_Quality')
        order by job_name, scope, label, attribute, value
        limit 12
        """,
    ),
    (
        "Is everything loaded?  (rpt_load_health)",
        """
        select job_name, file_count as files, rejected_count as rejected, object_count as objects,
            answer_count as answers, answerless_object_count as answerless
        from rpt_load_health
        order by job_name
        """,
    ),
)


def main() -> None:
    """Print the answer to every question."""
    warehouse = os.environ.get("GT_WAREHOUSE", "demo/warehouse.duckdb")
    with duckdb.connect(warehouse, read_only=True) as connection:
        for question, sql in QUESTIONS:
            answer = connection.execute(sql)
            header = tuple(column[0] for column in answer.description or ())
            print(f"\n{question}\n\n{text_table([header, *answer.fetchall()])}")
    print(
        f"""
The marts are tables of {warehouse}. Where to look next:
  .venv/bin/python -m ingest status demo/lake          what is loaded, and what was rejected and why
  make docs                                            every mart and column described
  .venv/bin/python -m ingest load YOUR_OUTPUT LAKE     your own jobs: a folder or an s3:// URI; then
  GT_LAKE=LAKE .venv/bin/dbt build --target local"""
    )


if __name__ == "__main__":
    main()
