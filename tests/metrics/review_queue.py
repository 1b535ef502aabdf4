"""How well the review queue finds wrong labels, beside simpler orders: a table for ``docs/metrics.md``.

``python -m tests.metrics.review_queue --seeds 10`` makes samples, whose wrong labels are known, and writes
``docs/review_queue.csv``. With ``--source FOLDER`` it asks the same of somebody's own output, whose golden answers know
which labels are wrong, and writes nothing. The queue's own signal of golden answers is left out.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import click
import duckdb
from sklearn.metrics import roc_auc_score

from ingest.load.plan import Options
from ingest.load.run import load
from tests.metrics.samples import build_marts, make_lake, open_marts
from tests.metrics.tables import write_csv
from tests.pipeline.warehouse import ROOT

FOUND = ROOT / "docs/review_queue.csv"
OBJECTS = 1_000
LENGTHS = (10, 20, 50)
HEAD = (
    *("job", "labels", "wrong", "order", "area under the curve"),
    *(f"wrong among the first {length}" for length in LENGTHS),
)
SAMPLE_JOBS = ("Wildlife-Images", "Support-Messages")
MARTS = ("rpt_review_queue", "fct_object_consensus")

# Each label of a job with one class, and what each order makes of it: the first has the highest value.
LABELS = """
    select
        labels.job_name,
        labels.object_index,
        coalesce(1 - exp(sum(ln(greatest(1 - weighted_value, 1e-9))) filter (signal_name <> 'golden')), 0) as queue,
        coalesce(1 - any_value(consensus.service_probability), 0) as consensus,
        coalesce(any_value(consensus.label_entropy), 0) as entropy,
        coalesce(1 - any_value(labels.confidence), 0) as confidence
    from main_staging.int_object_labels as labels
    left join main_staging.int_review_signals using (job_name, object_index)
    left join fct_object_consensus as consensus using (job_name, object_index)
    where not labels.is_inherited and labels.label is not null
    group by labels.job_name, labels.object_index
"""
ORDERS = {
    "queue": "the queue's score",
    "consensus": "the consensus alone",
    "entropy": "entropy of the answers alone",
    "confidence": "Ground Truth's confidence, lowest first",
}
WRONG_BY_TRUTH = "select job_name, object_index from truth_mislabeled"
WRONG_BY_GOLDEN = """
    select job_name, object_index from fct_object_consensus where service_label <> golden_label
"""


class Ranking(NamedTuple):
    """A row of ``docs/review_queue.csv``: how one order finds the wrong labels of a job."""

    seed: int
    job_name: str
    label_count: int
    wrong_count: int
    order: str
    area: float  # under the receiver operating characteristic: the chance that a wrong label comes before a right one
    found_10: float  # among that many at the head; of labels with the same value, as many as chance would put there
    found_20: float
    found_50: float


def rankings(connection: duckdb.DuckDBPyConnection, wrong: str, known: str, seed: int = 0) -> Iterator[Ranking]:
    """What each order makes of the labels of which it is known whether they are right.

    Args:
        connection: to the marts.
        wrong: query that gives the wrong ones.
        known: condition for those of which it is known.
        seed: of the sample.
    """
    labels = connection.execute(f"""
        select job_name, (job_name, object_index) in ({wrong}) as is_wrong, {", ".join(ORDERS)}
        from ({LABELS}) where {known} order by job_name, object_index
    """).fetchall()
    for job_name in dict.fromkeys(row[0] for row in labels):
        of_job = [row[1:] for row in labels if row[0] == job_name]
        is_wrong = [bool(row[0]) for row in of_job]
        if not 0 < sum(is_wrong) < len(is_wrong):
            continue
        for place, order in enumerate(ORDERS, start=1):
            values = [float(row[place]) for row in of_job]
            area = float(roc_auc_score(is_wrong, values))
            found = [_found(is_wrong, values, length) for length in LENGTHS]
            yield Ranking(seed, job_name, len(of_job), sum(is_wrong), order, round(area, 4), *found)


def _found(is_wrong: Sequence[bool], values: Sequence[float], length: int) -> float:
    found, left = 0.0, length
    for value in sorted(set(values), reverse=True):
        alike = [wrong for wrong, other in zip(is_wrong, values, strict=True) if other == value]
        taken = min(left, len(alike))
        found += sum(alike) * taken / len(alike)
        left -= taken
    return round(found, 2)


def read_found() -> list[Ranking]:
    """Rows of ``docs/review_queue.csv``."""
    with FOUND.open(encoding="utf-8", newline="") as file:
        return [
            Ranking(
                *(int(row["seed"]), row["job_name"], int(row["label_count"]), int(row["wrong_count"]), row["order"]),
                *(float(row["area"]), float(row["found_10"]), float(row["found_20"]), float(row["found_50"])),
            )
            for row in csv.DictReader(file)
        ]


def summary(rows: Sequence[Ranking]) -> Iterator[tuple[str, ...]]:
    """Rows of the table: means over the seeds."""
    yield HEAD
    for job_name in dict.fromkeys(row.job_name for row in rows):
        of_job = [row for row in rows if row.job_name == job_name]
        labels, wrong = (fmean(getattr(row, name) for row in of_job) for name in ("label_count", "wrong_count"))
        for order, name in ORDERS.items():
            of_order = [row for row in of_job if row.order == order]
            found = (fmean(getattr(row, f"found_{length}") for row in of_order) for length in LENGTHS)
            area = fmean(row.area for row in of_order)
            yield (
                f"`{job_name}`",
                f"{labels:,.0f}",
                f"{wrong:.0f}",
                name,
                f"{area:.3f}",
                *(f"{count:.1f}" for count in found),
            )
        by_chance = (f"{min(length, labels) * wrong / labels:.1f}" for length in LENGTHS)
        yield f"`{job_name}`", f"{labels:,.0f}", f"{wrong:.0f}", "at random", "0.500", *by_chance


def of_sample(seed: int, objects: int, folder: Path) -> list[Ranking]:
    """The rankings of a sample's jobs of images and of texts."""
    make_lake(folder, objects=objects, seed=seed)
    build_marts(folder, MARTS)
    with open_marts(folder) as connection:
        jobs = ", ".join(f"'{job_name}'" for job_name in SAMPLE_JOBS)
        return list(rankings(connection, WRONG_BY_TRUTH, f"job_name in ({jobs})", seed))


def of_source(source: str, folder: Path) -> list[Ranking]:
    """The rankings of jobs with golden answers."""
    load(source, str(folder / "lake"), Options())
    build_marts(folder, MARTS)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        known = "(job_name, object_index) in (select job_name, object_index from main_staging.int_golden_classes)"
        return list(rankings(connection, WRONG_BY_GOLDEN, known))


@click.command()
@click.option(
    "--seeds", type=click.IntRange(min=1), default=10, show_default=True, help="Samples, with seeds from 1 on."
)
@click.option("--objects", type=click.IntRange(min=10), default=OBJECTS, show_default=True, help="Of a large job.")
@click.option("--source", help="Folder of output with golden answers, instead of samples.")
def main(seeds: int, objects: int, source: str | None) -> None:
    """Rank the labels, and show what each order finds."""
    rows: list[Ranking] = []
    with tempfile.TemporaryDirectory() as folder:
        if source:
            rows = of_source(source, Path(folder))
        else:
            for seed in range(1, seeds + 1):
                rows += of_sample(seed, objects, Path(folder) / str(seed))
            write_csv(FOUND, Ranking._fields, rows)
    for line in summary(rows):
        click.echo("  ".join(line))


if __name__ == "__main__":
    sys.exit(main())
