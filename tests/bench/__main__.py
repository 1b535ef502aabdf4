"""``python -m tests.bench [PART…]``: measures all parts, or the given ones, and prints the figures.

Every contender is a process of its own. They take turns; times are medians. All write zstd Parquet, and must write the
same numbers of rows. Environment:

- ``BENCH_FILES``: worker responses of a corpus, 50,000 unless given; all else grows and shrinks with it.
- ``BENCH_RUNS``: runs of each contender, 3 unless given.
- ``BENCH_FOLDER``: keeps the corpora there for another time; without it they are made anew in a temporary folder.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingest.display import text_table
from tests.bench import contenders as who
from tests.bench.measure import ROOT, Cost, Result, compare, median, run

Row = tuple[object, ...]
COSTS = ("seconds", "processor s", "peak MB")

# The loader's aims on two cores. Processor time of a file in one process, in microseconds:
MICROSECONDS = {"classification": 40, "boxes": 60}
# Processor time of two processes, as a multiple of one's:
SECOND_PROCESS = 1.15
# How many times faster two processes are than others:
SPEEDUPS = {
    "classification": {who.DUCKDB_BEST: 1.8, who.DUCKDB_AUTO: 2.2, who.PANDAS: 2.5},
    "boxes": {who.DUCKDB_BEST: 1.8, who.DUCKDB_AUTO: 2.2, who.PANDAS: 4.0},
}


@dataclass(frozen=True)
class Bench:
    """Sizes, and where the corpora are and results go."""

    files: int
    runs: int
    corpora: Path
    scratch: Path
    results: dict[str, dict[str, Result]] = field(default_factory=dict)

    def corpus(self, name: str, count: int) -> Path:
        """The corpus, made unless it is kept from another time.

        In a process of its own: memory that this one has had would count as that of the contenders, which it starts.
        """
        source = self.corpora / f"{name}-{count}"
        if not source.exists():
            unfinished = self.corpora / f"{name}-{count}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            run([sys.executable, "-m", "tests.bench.corpora", name, str(unfinished), str(count)])
            unfinished.rename(source)
        return source

    def out(self) -> Path:
        """A folder for what a contender writes."""
        return self.scratch / "out"


def responses(bench: Bench, corpus: str) -> None:
    """Worker responses, by everyone, beside the aims."""
    source = bench.corpus(corpus, bench.files)
    results = compare(who.for_responses(), corpus, source, bench.out(), bench.runs)
    bench.results[corpus] = results
    show(f"{corpus}: {bench.files:,} worker responses", results, bench.files, "µs a file", ("answers", "labels"))
    print(text_table([("aim", "at", "measured", ""), *aims(corpus, results, bench.files)]), "\n")


def aims(corpus: str, results: Mapping[str, Result], files: int) -> list[Row]:
    """What the loader aims at, where it is, and whether it is there."""
    one, two = results[who.LOADER].cost, results[who.LOADER_2].cost
    microseconds, share = one.processor / files * 1e6, two.processor / one.processor
    above_floor = one.processor / results[who.FLOOR].cost.processor
    most, least = "at most {:g}", "at least {:g}"
    rows: list[Row] = [
        _aim("µs of processor time a file", most, MICROSECONDS[corpus], microseconds, microseconds),
        # A busy machine inflates processor time, too; this ratio stays.
        ("the same, times the floor's", "", f"{above_floor:.2f}", ""),
        _aim("2 processes' processor time, times 1's", most, SECOND_PROCESS, share, share),
    ]
    for name, aim in SPEEDUPS[corpus].items():
        if name in results:
            speedup = results[name].cost.seconds / two.seconds
            rows.append(_aim(f"2 processes, times as fast as {name}", least, aim, speedup, -speedup))
    return rows


def _aim(name: str, form: str, aim: float, measured: float, badness: float) -> Row:
    limit = aim if badness > 0 else -aim
    return name, form.format(aim), f"{measured:.2f}", "met" if badness <= limit else "missed"


def show(title: str, results: Mapping[str, Result], count: int, per: str, tables: Sequence[str]) -> None:
    """Print results: microseconds are of processor time."""
    rows: list[Row] = [(title, *COSTS[:2], per, COSTS[2], *tables)]
    for name, result in results.items():
        cost = result.cost
        each = cost.processor / count * 1e6
        rows.append((name, cost.seconds, cost.processor, each, round(cost.megabytes), *result.rows))
    print(text_table(rows), "\n")


def classification(bench: Bench) -> None:
    """Answers of one class each."""
    responses(bench, "classification")


def boxes(bench: Bench) -> None:
    """Answers of several boxes each."""
    responses(bench, "boxes")


def memory(bench: Bench) -> None:
    """Peak memory, and whether it grows with the number of files: one run each."""
    few, many = (
        compare(who.for_responses(), "boxes", bench.corpus("boxes", files), bench.out(), 1)
        for files in (bench.files, 4 * bench.files)
    )
    rows: list[Row] = [("peak MB, boxes", f"{bench.files:,} files", f"{4 * bench.files:,} files", "times")]
    for name in few:
        before, after = few[name].cost.megabytes, many[name].cost.megabytes
        rows.append((name, round(before), round(after), f"{after / before:.2f}"))
    print(text_table(rows), "\n")


def manifest(bench: Bench) -> None:
    """One large manifest."""
    lines = 4 * bench.files
    results = compare(who.for_manifests(), "manifest", bench.corpus("manifest", lines), bench.out(), bench.runs)
    show(f"manifest: {lines:,} lines", results, lines, "µs a line", ("labels",))


def sequence(bench: Bench) -> None:
    """One large SeqLabel.json."""
    frames = max(bench.files // 25, 1)
    source = bench.corpus("sequence", frames)
    results = compare(who.for_sequences(), "sequence", source, bench.out(), bench.runs)
    megabytes = sum(file.stat().st_size for file in source.rglob("SeqLabel.json")) / 1e6
    show(f"sequence: {megabytes:.0f} MB", results, frames, "µs a frame", ("labels",))


def overhead(bench: Bench) -> None:
    """What a load costs that has little or nothing to do."""
    rows: list[Row] = [("the loader with little to do", *COSTS)]
    tables = ("worker_answers",)
    for processes in (1, 2):
        loader = who.loader(processes, tables)
        one = compare([loader], "boxes", bench.corpus("boxes", 1), bench.out(), bench.runs)
        rows.append((f"1 file: {loader.name}", *cells(one[loader.name].cost)))
    for processes in (1, 2):
        loader = who.loader(processes, tables)
        load = loader.arguments("boxes", bench.corpus("boxes", bench.files), bench.out())
        bench.out().mkdir()
        run(load)
        cost = median([run(load) for _ in range(bench.runs)])
        shutil.rmtree(bench.out())
        rows.append((f"{bench.files:,} files, nothing new: {loader.name}", *cells(cost)))
    print(text_table(rows), "\n")


def cells(cost: Cost) -> Row:
    """Times and memory, as a table shows them."""
    return cost.seconds, cost.processor, round(cost.megabytes)


def s3(bench: Bench) -> None:
    """From S3 to S3, at no latency and at 20 ms a request. The server is on the same machine, and takes a core."""
    files = max(bench.files * 2 // 5, 1)
    source = bench.corpus("classification", files)
    run([*who.PYTHON, "ingest", "load", str(source), str(bench.out())])
    expected = _loaded_rows(str(bench.out()))
    shutil.rmtree(bench.out())
    rows: list[Row] = [(f"S3 on loopback, {files:,} files", *COSTS, "files a second")]
    for latency in (0, 20):
        for name, cost in _load_from_s3(source, latency, expected):
            rows.append((f"{name}, {latency} ms a request", *cells(cost), round(files / cost.seconds)))
    print(text_table(rows), "\n")


def _load_from_s3(source: Path, latency: int, expected: int) -> list[tuple[str, Cost]]:
    """Costs of a load, and of another that finds nothing new."""
    command = [sys.executable, "-m", "tests.memory_s3", str(source), str(latency)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    try:
        environment = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.stdout.readline().strip()}",
            "AWS_ACCESS_KEY_ID": "example",
            "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_REGION": "us-east-1",
        }
        load = [*who.PYTHON, "ingest", "load", "s3://bench/source", "s3://bench/lake"]
        costs = [(name, run(load, environment)) for name in ("load", "nothing new")]
        loaded = _loaded_rows("s3://bench/lake", environment)
        if loaded != expected:
            raise SystemExit(f"the lake on S3 has {loaded:,} rows, the one in a folder {expected:,}")
        return costs
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def _loaded_rows(lake: str, environment: Mapping[str, str] | None = None) -> int:
    """Rows that a lake has of all jobs."""
    command = [*who.PYTHON, "ingest", "status", "--json", lake]
    status = subprocess.check_output(command, cwd=ROOT, env=os.environ | (environment or {}))
    return sum(job["rows"] for job in json.loads(status)["jobs"])


def models(bench: Bench) -> None:
    """A sample of every kind of file, loaded, and the marts made of it: one run each."""
    source, lake = bench.corpus("sample", max(bench.files // 25, 10)), bench.scratch / "lake"
    files = sum(path.is_file() for path in source.rglob("*"))
    load = [*who.PYTHON, "ingest", "load", str(source), str(lake)]
    dbt, environment = _build(bench, lake)
    rows: list[Row] = [
        (f"sample: {files:,} files", *COSTS),
        ("ingest load", *cells(run(load))),
        ("ingest load, nothing new", *cells(run(load))),
        ("dbt, the models", *cells(run([*dbt, "--resource-type", "seed", "model"], environment))),
        ("dbt, models and tests", *cells(run(dbt, environment))),
    ]
    shutil.rmtree(lake)
    print(text_table(rows), "\n")


def _build(bench: Bench, lake: Path) -> tuple[list[str], dict[str, str]]:
    """The command that builds the marts of a lake, and its environment."""
    dbt = [str(Path(sys.executable).with_name("dbt")), "--quiet", "build", "--target", "local"]
    dbt += ["--target-path", str(bench.scratch / "target")]
    return dbt, {"GT_LAKE": str(lake), "GT_WAREHOUSE": str(bench.scratch / "warehouse.duckdb")}


# Labels of each of two answers to one image: more than the limits of matching, and as many as they let through.
CROWDS = {
    "equal": (10_000,),
    "apart": (10_000, 7_000),
    "overlapping": (10_000, 1_000),
    "polygons": (10_000, 1_000),
}


def crowds(bench: Bench) -> None:
    """The worst files that are accepted, each alone: as many labels as matching bears, and more. One run each."""
    rows: list[Row] = [("two answers to one image", *COSTS, "dbt s", "dbt MB")]
    for name, counts in CROWDS.items():
        for count in counts:
            lake = bench.scratch / "lake"
            load = run([*who.PYTHON, "ingest", "load", str(bench.corpus(name, count)), str(lake)])
            dbt, environment = _build(bench, lake)
            built = run([*dbt, "--resource-type", "seed", "model"], environment)
            title = f"{count:,} labels each: {name}"
            rows.append((title, *cells(load), built.seconds, round(built.megabytes)))
            shutil.rmtree(lake)
            Path(environment["GT_WAREHOUSE"]).unlink()
    print(text_table(rows), "\n")


PARTS: dict[str, Callable[[Bench], None]] = {
    function.__name__: function
    for function in (classification, boxes, memory, manifest, sequence, overhead, s3, models, crowds)
}


def readme_table(bench: Bench) -> str:
    """The README's table of worker responses: seconds, and microseconds of processor time a file."""
    corpora = list(bench.results)
    lines = [f"| | {' | '.join(corpora)} |", "|---" * (len(corpora) + 1) + "|"]
    for name in bench.results[corpora[0]]:
        costs = [bench.results[corpus][name].cost for corpus in corpora]
        texts = [f"{cost.seconds:.1f} s ({cost.processor / bench.files * 1e6:.0f} µs)" for cost in costs]
        lines.append(f"| {name} | {' | '.join(texts)} |")
    return "\n".join(lines)


def main(parts: Sequence[str]) -> None:
    """Measure some parts."""
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        raise SystemExit(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    load = os.getloadavg()[0]
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f}; Python {platform.python_version()}\n")
    if not who.PANDAS_PYTHON.exists():
        print(f"without {who.PANDAS}: `make bench` installs pandas\n")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        corpora = Path(os.environ.get("BENCH_FOLDER", scratch / "corpora"))
        corpora.mkdir(parents=True, exist_ok=True)
        files, runs = int(os.environ.get("BENCH_FILES", "50000")), int(os.environ.get("BENCH_RUNS", "3"))
        bench = Bench(files, runs, corpora.resolve(), scratch)
        for part in parts or PARTS:
            PARTS[part](bench)
        if bench.results:
            print("For README.md, seconds and processor time a file:\n")
            print(readme_table(bench))


if __name__ == "__main__":
    main(sys.argv[1:])
