"""Marts as files."""

from __future__ import annotations

import csv
import datetime
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result

from publish.cli import cli
from publish.export import Format, first_sentence, write
from publish.marts import DuckDBMarts
from tests.publish.warehouse import make_warehouse, models

DONE, NOTHING_DONE, MISUSED = 0, 2, 2
HOSTILE = [
    *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20A"),
    *('a "quoted", text', "two\nlines", "plain", " =1", "", None, "'=1", "x=1", "\u202eright", "\U0001f408"),
]
FORMULAS = 11
"""The first of them."""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["export", *arguments], catch_exceptions=False)


@pytest.fixture
def warehouse(tmp_path: Path) -> str:
    noon = datetime.datetime(2026, 6, 30, 12)
    jobs = [
        {
            "job_name": "Pets",
            "object_count": 2,
            "done_share": 0.5,
            "main_concern": "=HYPERLINK()",
            "last_worked_at": noon,
        },
        {"job_name": "Birds", "object_count": 3},
    ]
    rows: dict[str, list[dict[str, Any]]] = {
        "dim_labeling_jobs": [{"job_name": "Birds"}, {"job_name": "Pets"}],
        "rpt_jobs": jobs,
        "rpt_job_days": [{"job_name": "Pets", "submitted_date": noon.date()}],
        "rpt_workers": [{"worker_name": "worker-00000001", "job_kind": "label"}],
        "dim_workers": [{"worker_key": "1", "email": "ann@example.com"}],
    }
    return make_warehouse(tmp_path / "marts.duckdb", rows)


def test_no_text_is_a_formula_and_the_rest_is_as_it_was() -> None:
    table = pa.table({"text": pa.array(HOSTILE), "number": pa.array([-1.5] * len(HOSTILE))})
    file = io.BytesIO()
    write(table, Format.CSV, file)
    rows = list(csv.DictReader(io.StringIO(file.getvalue().decode(), newline="")))
    expected = [("'" if place < FORMULAS else "") + (text or "") for place, text in enumerate(HOSTILE)]
    assert [row["text"] for row in rows] == expected
    assert {row["number"] for row in rows} == {"-1.5"}


def test_csv_tells_null_from_an_empty_text() -> None:
    file = io.BytesIO()
    write(pa.table({"a": pa.array(["", None])}), Format.CSV, file)
    assert file.getvalue().split(b"\n")[1:3] == [b'""', b""]


@pytest.mark.parametrize("form", [Format.PARQUET, Format.JSONL])
def test_other_formats_keep_texts_as_they_are(form: Format) -> None:
    table = pa.table({"text": pa.array(HOSTILE), "day": pa.array([datetime.date(2026, 1, 31)] * len(HOSTILE))})
    file = io.BytesIO()
    write(table, form, file)
    if form is Format.PARQUET:
        assert pyarrow.parquet.read_table(io.BytesIO(file.getvalue())) == table
    else:
        rows = [json.loads(line) for line in file.getvalue().decode().split("\n")[:-1]]
        assert rows == [{"text": text, "day": "2026-01-31"} for text in HOSTILE]


def test_a_mart_is_a_file_of_its_name(tmp_path: Path, warehouse: str) -> None:
    out = tmp_path / "out"
    done = run("rpt_jobs", str(out), "--warehouse", warehouse)
    assert (done.exit_code, done.stdout) == (DONE, f"1 mart, 2 rows, in {out}\n")
    rows = list(csv.DictReader((out / "rpt_jobs.csv").read_text().splitlines()))
    assert [(row["job_name"], row["done_share"], row["main_concern"]) for row in rows] == [
        ("Birds", "", ""),
        ("Pets", "0.5", "'=HYPERLINK()"),
    ]
    assert rows[1]["last_worked_at"] == "2026-06-30 12:00:00.000"


def test_every_mart_but_peoples_names(tmp_path: Path, warehouse: str) -> None:
    out = tmp_path / "out"
    done = run("--all", str(out), "--warehouse", warehouse, "--format", "parquet", "--json")
    assert done.exit_code == DONE
    assert {path.stem for path in out.iterdir()} == models().keys() - {"dim_workers"}
    assert json.loads(done.stdout)["marts"]["rpt_jobs"] == {"rows": 2, "uri": f"file://{out}/rpt_jobs.parquet"}
    assert run("--all", str(out), "--warehouse", warehouse, "--people").exit_code == DONE
    assert "ann@example.com" in (out / "dim_workers.csv").read_text()


def test_the_rows_of_a_job(tmp_path: Path, warehouse: str) -> None:
    out = tmp_path / "out"
    done = run("--all", str(out), "--warehouse", warehouse, "--job", "Pets", "--format", "jsonl")
    assert done.exit_code == DONE
    assert "rpt_workers: is not by labeling job, left out" in done.stderr
    assert not (out / "rpt_workers.jsonl").exists()
    assert json.loads((out / "rpt_jobs.jsonl").read_text())["job_name"] == "Pets"
    assert json.loads((out / "rpt_job_days.jsonl").read_text())["submitted_date"] == "2026-06-30"
    both = run("rpt_jobs", str(out), "--warehouse", warehouse, "--job", "Pets", "--job", "Birds")
    assert "2 rows" in both.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rpt_jobs; drop table x"], "no mart"),
        (["current_source_files"], "no mart"),
        (["rpt_jobs", "--job", "O'Hare"], 'no labeling job "O\'Hare"'),
        (["rpt_workers", "--job", "Pets"], "nothing to write"),
    ],
)
def test_what_there_is_not_is_said(warehouse: str, arguments: list[str], message: str) -> None:
    done = run(*arguments, "--warehouse", warehouse)
    assert (done.exit_code, done.stdout) == (NOTHING_DONE, "")
    assert message in done.stderr


@pytest.mark.parametrize("arguments", [[], ["--all", "a", "b"], ["rpt_jobs", "--people"]])
def test_misuse(warehouse: str, arguments: list[str]) -> None:
    assert run(*arguments, "--warehouse", warehouse).exit_code == MISUSED


def test_the_list_has_a_line_for_each_mart(warehouse: str) -> None:
    lines = run("--list", "--warehouse", warehouse).stdout.splitlines()
    assert [line.split()[0] for line in lines] == sorted(models())
    (jobs,) = (line for line in lines if line.startswith("rpt_jobs "))
    assert jobs.endswith("  How far each job is, how fast it goes and how good it is: the manager's row.")
    listed = json.loads(run("--list", "--warehouse", warehouse, "--json").stdout)["marts"]
    assert listed["rpt_jobs"].endswith("One row per labeling job.")


def test_a_sentence_ends_with_a_full_stop_and_a_space() -> None:
    assert first_sentence("A share of 0.5, or none. One row per job.") == "A share of 0.5, or none."
    assert first_sentence("") == ""


def test_to_s3(bucket: str, warehouse: str, s3: Any) -> None:
    import boto3

    done = run("rpt_jobs", f"{bucket}/exports", "--warehouse", warehouse, "--format", "jsonl", "--json")
    assert json.loads(done.stdout)["marts"]["rpt_jobs"]["uri"] == f"{bucket}/exports/rpt_jobs.jsonl"
    body = boto3.client("s3").get_object(Bucket=bucket.removeprefix("s3://"), Key="exports/rpt_jobs.jsonl")["Body"]
    assert [json.loads(line)["job_name"] for line in body.read().splitlines()] == ["Birds", "Pets"]


def test_the_same_rows_give_the_same_bytes_in_whatever_order_they_are_stored(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"job_name": "Pets", "object_count": 1}, {"job_name": None}, {"job_name": "Birds"}]
    written = []
    for number, order in enumerate((rows, rows[::-1])):
        warehouse = make_warehouse(tmp_path / f"{number}.duckdb", {"rpt_jobs": order})
        assert run("rpt_jobs", str(tmp_path), "--warehouse", warehouse).exit_code == DONE
        written.append((tmp_path / "rpt_jobs.csv").read_bytes())
    assert written[0] == written[1]


def test_descriptions_are_those_of_the_project(warehouse: str) -> None:
    assert DuckDBMarts(warehouse).descriptions() == {
        name: " ".join(model["description"].split()) for name, model in sorted(models().items())
    }
