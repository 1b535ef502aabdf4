"""How fast the loader and the models are, side by side with what one would use instead: ``make bench``.

All read the same worker responses and write answers and labels as zstd Parquet; equal row counts are checked. The
loader reads the manifests, the sequences, the configs and the golden answers of the same tree besides. Every run is a
process of its own; time is the median of the runs, memory the largest of any one process. The sample's size is given by
environment: BENCH_JOBS (sets of six jobs) and BENCH_OBJECTS.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.display import text_table
from ingest.sample import generate

RUNS = 3
RESPONSES = "*/annotations/worker-response/*/*/*.json"


def with_duckdb(source: Path, out: Path) -> None:
    """DuckDB: read_json with given types, the labels by unnest."""
    answer = (
        "struct(answerContent json, submissionTime varchar, acceptanceTime varchar, timeSpentInSeconds double, "
        "workerId varchar, workerMetadata json)[]"
    )
    connection = duckdb.connect()
    connection.execute("set preserve_insertion_order = false")
    connection.execute(f"""
        create table answers as
        select filename, unnest(answers, recursive := true)
        from read_json('{source}/{RESPONSES}', columns = {{answers: '{answer}'}}, filename = true,
            maximum_object_size = 268435456)
    """)
    connection.execute(f"copy answers to '{out}/answers.parquet' (compression zstd)")
    connection.execute(f"""
        copy (
            select filename, workerId, answerContent ->> '$."crowd-image-classifier".label' as label, null as shape
            from answers where json_exists(answerContent, '$."crowd-image-classifier".label')
            union all
            select filename, workerId, answerContent ->> '$."crowd-classifier".label', null
            from answers where json_exists(answerContent, '$."crowd-classifier".label')
            union all
            select filename, workerId, shape ->> '$.label', shape from (
                select filename, workerId,
                    unnest(cast(answerContent -> '$.boundingBox.boundingBoxes' as json[])) as shape
                from answers
            )
            union all
            select filename, workerId, shape ->> '$.label', shape from (
                select filename, workerId,
                    unnest(cast(answerContent -> '$."crowd-entity-annotation".entities' as json[])) as shape
                from answers
            )
        ) to '{out}/labels.parquet' (compression zstd)
    """)


def with_json(source: Path, out: Path) -> None:
    """json.loads into lists of dictionaries, then Arrow: what most notebooks do."""
    answers, labels = [], []
    for path in source.glob(RESPONSES):
        for answer in json.loads(path.read_text())["answers"]:
            content = answer["answerContent"]
            row = {"file": str(path), "worker": answer["workerId"], "submitted": answer["submissionTime"]}
            answers.append(row | {"spent": answer.get("timeSpentInSeconds"), "content": json.dumps(content)})
            for element in content.values():
                found = element.get("boundingBoxes") or element.get("entities") or []
                found = found + ([{"label": element["label"]}] if "label" in element else [])
                labels += [{"file": str(path), "worker": answer["workerId"], **label} for label in found]
    for name, rows in (("answers", answers), ("labels", labels)):
        pq.write_table(pa.Table.from_pylist(rows), out / f"{name}.parquet", compression="zstd")


CONTENDERS: dict[str, Callable[[Path, Path], None]] = {"duckdb": with_duckdb, "json": with_json}


def run(command: list[str], environment: dict[str, str] | None = None) -> tuple[float, float]:
    """Seconds and peak megabytes of a command."""
    start = time.perf_counter()
    process = subprocess.Popen(command, env=os.environ | (environment or {}), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise SystemExit(f"failed: {' '.join(command)}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def count(path: Path) -> int:
    """Rows of a Parquet file, or of a table of a lake."""
    files = [path] if path.is_file() else sorted(path.glob("*-*.parquet"))
    return sum(pq.read_metadata(file).num_rows for file in files)


def main() -> None:
    """Make a sample, time everything on it, print the figures."""
    jobs, objects = int(os.environ.get("BENCH_JOBS", "5")), int(os.environ.get("BENCH_OBJECTS", "2000"))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        source = root / "source"
        start = time.perf_counter()
        made = generate(source, jobs=jobs, objects=objects, seed=1)
        for broken in made.broken_files:
            (source / broken).unlink()
        print(f"sample: {made.files:,} files, {made.answers:,} answers, {time.perf_counter() - start:.0f} s\n")
        rows: list[tuple[object, ...]] = [("", "seconds", "answers a second", "peak MB", "answers", "labels")]
        python = sys.executable
        for name in ("ingest load", "ingest load, one process", *CONTENDERS):
            measured = []
            for number in range(RUNS):
                out = root / f"{name.replace(' ', '-')}-{number}"
                out.mkdir()
                command = [python, "-m", "tests.bench", name, str(source), str(out)]
                if name.startswith("ingest"):
                    processes = "1" if name.endswith("one process") else "0"
                    command = [python, "-m", "ingest", "load", str(source), str(out), "--processes", processes]
                measured.append(run(command))
            tables = ("raw/worker_answers", "raw/worker_annotations")
            if name in CONTENDERS:
                tables = ("answers.parquet", "labels.parquet")
            answers, labels = (count(out / table) for table in tables)
            seconds = statistics.median(second for second, _ in measured)
            peak = max(megabytes for _, megabytes in measured)
            rows.append((name, seconds, round(answers / seconds), peak, answers, labels))
        if len({row[4:] for row in rows[1:]}) != 1:
            print("the contenders disagree on the number of rows")
        print(text_table(rows), "\n")

        lake = root / "ingest-load-0"
        steps: list[tuple[object, ...]] = [("", "seconds", "peak MB")]
        steps.append(("ingest load, nothing new", *run([python, "-m", "ingest", "load", str(source), str(lake)])))
        dbt = [str(Path(python).with_name("dbt")), "--quiet", "build", "--target-path", str(root / "target")]
        environment = {"GT_LAKE": str(lake), "GT_WAREHOUSE": str(root / "warehouse.duckdb")}
        steps.append(("dbt, the models", *run([*dbt, "--resource-type", "seed", "model"], environment)))
        steps.append(("dbt, models and tests", *run(dbt, environment)))
        print(text_table(steps), "\n")

        counts: list[tuple[object, ...]] = [("S3 on loopback", "seconds", "files a second", "peak MB")]
        for latency in (0, 20):
            counts += with_s3(source, latency, lake)
        print(text_table(counts))


def with_s3(source: Path, latency: int, same: Path) -> list[tuple[object, ...]]:
    """Load from S3 to S3, then again with nothing new; each request takes some milliseconds more."""
    command = [sys.executable, "-m", "tests.memory_s3", str(source), str(latency)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    try:
        environment = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.stdout.readline().strip()}",
            "AWS_ACCESS_KEY_ID": "example",
            "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_REGION": "us-east-1",
        }
        files = sum(path.is_file() for path in source.rglob("*"))
        rows: list[tuple[object, ...]] = []
        for name in ("load", "nothing new"):
            load = [sys.executable, "-m", "ingest", "load", "s3://bench/source", "s3://bench/lake"]
            seconds, megabytes = run(load, environment)
            rows.append((f"{name}, {latency} ms a request", seconds, round(files / seconds), megabytes))
        status = [sys.executable, "-m", "ingest", "status", "--json"]
        loaded = [
            json.loads(subprocess.check_output([*status, place], env=os.environ | environment))["jobs"]
            for place in ("s3://bench/lake", str(same))
        ]
        if len({sum(job["rows"] for job in jobs) for jobs in loaded}) != 1:
            print("the lake on S3 has other rows")
        return rows
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        CONTENDERS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()
