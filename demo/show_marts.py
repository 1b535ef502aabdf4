"""Print what the marts say: one screen for a labeling manager or, with --all, a table for each question.

Reads the warehouse that dbt built: environment GT_WAREHOUSE, default demo/warehouse.duckdb.
"""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from ingest.display import text_table
from publish.exceptions import FLAGS_ONLY, LOADED_AT, MINIMUM_COUNT, findings, leading
from publish.marts import DuckDBMarts, Marts

WIDTH, TOP = 120, 5
# Exceptions and cells are cut to fit: what is cut off is in the mart.
EXCEPTION_LINES = 2

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
        select job_name, flag, explanation, alike_worker_name as other_worker
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
            avg(case when is_correct then 1e0 else 0e0 end) as correct_share
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

TOTALS = {
    "jobs": """
        select
            count(case when job_kind = 'label' then 1 end) as labeling_jobs,
            count(case when job_kind <> 'label' then 1 end) as reviewing_jobs,
            sum(case when job_kind = 'label' then object_count end) as objects,
            sum(case when job_kind = 'label' then object_count - remaining_count end) as done,
            sum(answer_count) as answers,
            sum(active_hours) as hours,
            sum(costed_answer_count) as costed_answers,
            sum(cost_usd) as cost_usd,
            sum(case when cost_usd is not null then 1 else 0 end) as costed_jobs
        from rpt_jobs
    """,
    "workers": "select count(distinct worker_key) as workers from rpt_workers",
    "accuracy": """
        select golden_count, golden_accuracy, golden_accuracy_low, golden_accuracy_high
        from rpt_team
        where modality = 'all' and job_kind = 'label'
    """,
    "queue": "select count(*) as objects_to_review from rpt_review_queue",
    "loaded": LOADED_AT,
}

JOBS = f"""
    select job_name, object_count, done_share, answer_count, golden_accuracy, golden_count, main_concern
    from rpt_jobs
    where main_concern is not null
    order by case when main_concern like '{FLAGS_ONLY}' then 1 else 0 end, object_count desc, job_name
"""

# Those who have a flag, then those with the lowest upper end of their accuracy, if enough is known of them.
WORKERS = f"""
    with flags as (
        select worker_key, count(*) as flag_count, min(flag) as first_flag, max(flag) as last_flag
        from rpt_worker_flags
        group by worker_key
    )

    select
        worker_name, task_count, total_time_seconds / 3600 as hours, golden_accuracy, golden_accuracy_low,
        golden_accuracy_high, golden_count, flag_count, first_flag, last_flag
    from rpt_workers
    left join flags on rpt_workers.worker_key = flags.worker_key
    where job_kind = 'label' and (flag_count > 0 or golden_count >= {MINIMUM_COUNT})
    order by
        case when flag_count > 0 then 0 else 1 end,
        golden_accuracy_high,
        worker_name
"""

# The first of each job, then the second of each: a queue is worked off job by job.
QUEUE = """
    select job_name, object_index, label, suggested_label, score, reason
    from rpt_review_queue
    order by position, score desc, job_name
"""


def screen(marts: Marts, where: str) -> Iterator[str]:
    """What a manager looks at first, line by line: totals, exceptions, and the top of each table that matters."""
    totals: dict[str, Any] = {}
    for sql in TOTALS.values():
        rows = marts.query(sql).to_pylist()
        totals |= rows[0] if rows else {}
    loaded = f", loaded {totals['loaded_at']:%Y-%m-%d %H:%M} UTC" if totals["loaded_at"] else ""
    yield f"GROUND TRUTH ANALYTICS   {where}{loaded}"
    done, objects = totals["done"] or 0, totals["objects"] or 0
    yield (
        f"Jobs      {totals['labeling_jobs']:,} that label, {totals['reviewing_jobs']:,} that review   Answers  "
        f"{totals['answers'] or 0:,} by {totals['workers']:,} workers in {_number(totals['hours'], 1)} hours"
    )
    yield f"Objects   {done:,} of {objects:,} done ({_percent(done, objects)})   Accuracy  {_accuracy(totals)}"
    yield f"Cost      {_cost(totals)}"

    found = findings(marts)
    chosen = leading(found, TOP)
    yield from ("", f"WHAT NEEDS A LOOK   {len(chosen)} of {len(found)}")
    for number, finding in enumerate(chosen, 1):
        yield from textwrap.wrap(
            f"{number}. {finding.sentence}",
            WIDTH,
            subsequent_indent="   ",
            break_on_hyphens=False,
            max_lines=EXCEPTION_LINES,
            placeholder=" …",
        )

    rows = marts.query(JOBS).to_pylist()
    yield from _table(
        f"JOBS THAT NEED HELP   {min(len(rows), TOP)} of {len(rows)} (rpt_jobs)",
        ("job", "objects", "done", "answers", "accuracy", "n", "because"),
        [
            (
                row["job_name"],
                row["object_count"],
                _share(row["done_share"]),
                row["answer_count"],
                _share(row["golden_accuracy"]),
                row["golden_count"],
                row["main_concern"],
            )
            for row in rows[:TOP]
        ],
    )
    rows = marts.query(WORKERS).to_pylist()
    yield from _table(
        f"WORKERS TO TALK TO   {min(len(rows), TOP)} of {totals['workers']}, flagged first (rpt_workers)",
        ("worker", "answers", "hours", "accuracy", "95 % interval", "n", "flags"),
        [
            (
                row["worker_name"],
                row["task_count"],
                _number(row["hours"], 1),
                _share(row["golden_accuracy"]),
                _interval(row),
                row["golden_count"],
                _flags(row),
            )
            for row in rows[:TOP]
        ],
    )
    to_review = totals["objects_to_review"]
    yield from _table(
        f"REVIEW NEXT   {min(to_review, TOP)} of {to_review:,} objects, the first of each job (rpt_review_queue)",
        ("job", "object", "label", "suggested", "score", "why"),
        [tuple(row.values()) for row in marts.query(QUEUE + f"    limit {TOP}").to_pylist()],
    )


def _table(title: str, header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Iterator[str]:
    """A table whose last column is cut so that it fits."""
    yield from ("", title)
    if not rows:
        yield "none"
        return
    lines = text_table([header, *rows]).splitlines()
    del lines[1]  # the rule: one screen has no room for it
    yield from (line if len(line) <= WIDTH else line[: WIDTH - 1].rstrip() + "…" for line in lines)


def _number(value: float | None, decimals: int) -> str:
    return "?" if value is None else f"{value:,.{decimals}f}"


def _percent(part: float | None, whole: float | None) -> str:
    return _share(part / whole) if part is not None and whole else "-"


def _share(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"


def _interval(row: dict[str, Any]) -> str:
    if row["golden_accuracy"] is None:
        return "-"
    text = f"{100 * row['golden_accuracy_low']:.0f} to {100 * row['golden_accuracy_high']:.0f} %"
    return text if row["golden_count"] >= MINIMUM_COUNT else f"{text}, few"


def _flags(row: dict[str, Any]) -> str:
    if not row["flag_count"]:
        return "-"
    flags = sorted({row["first_flag"], row["last_flag"]})
    return ", ".join(flags) + (f", {row['flag_count']} in all" if row["flag_count"] > len(flags) else "")


def _accuracy(totals: dict[str, Any]) -> str:
    if totals.get("golden_accuracy") is None:
        return "not known: no golden answers"
    return (
        f"{_share(totals['golden_accuracy'])} on {totals['golden_count']:,} golden answers (95 %: {_interval(totals)})"
    )


def _cost(totals: dict[str, Any]) -> str:
    if totals["cost_usd"] is None:
        return "not known: no price or rate (README, What work costs)"
    jobs = totals["labeling_jobs"] + totals["reviewing_jobs"]
    return f"{totals['cost_usd']:,.2f} USD in {totals['costed_jobs']:,} of {jobs:,} jobs; of the others it is not known"


def answers(marts: Marts) -> Iterator[str]:
    """The answer to every question."""
    for question, sql in QUESTIONS:
        table = marts.query(sql)
        rows = [tuple(row.values()) for row in table.to_pylist()]
        yield f"\n{question}\n\n{text_table([tuple(table.column_names), *rows])}"


def main() -> None:
    """Print the screen, or every answer."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--all", action="store_true", help="a table for each question")
    everything = parser.parse_args().all
    warehouse = os.environ.get("GT_WAREHOUSE", "demo/warehouse.duckdb")
    marts = DuckDBMarts(warehouse)
    for line in answers(marts) if everything else screen(marts, warehouse):
        print(line)
    print(
        """
More: demo/show_marts.py --all (every table) · python -m ingest status demo/lake (what was rejected and why) · make docs
Your own jobs: python -m ingest load YOUR_OUTPUT LAKE; then GT_LAKE=LAKE .venv/bin/dbt build --target local"""
    )


if __name__ == "__main__":
    main()
