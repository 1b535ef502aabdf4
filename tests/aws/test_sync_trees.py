"""Saved responses of AWS's APIs, each beside the rows that the documented format says are in it.

``tests/data/sync/<command>/{valid,flawed,invalid}/<case>/`` holds the files and ``expected.json``::

    {"arguments": [<of the command>], "environment": {…},
     "loaded": {"<uri>": ["<kind>", <job>]}, "rejected": {"<uri>": "<part of the error>"},
     "warnings": {"<uri>": "<part of the warning>"},
     "rows": {"<raw table>": [{"<column>": <value>}]}}

A file of the case stands for its uri. A row leaves out its load and its file, the columns that are NULL, and
``description_json`` and ``event_json``, which are held against the source itself. Times are UTC.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ingest.cli import cli
from tests.load.raw_lake import RawLake, Row, read_lake
from tests.load.test_golden_trees import DATA, plain, sort_rows

CASES = sorted(path.parent for path in (DATA / "sync").glob("*/*/*/expected.json"))


@pytest.fixture(params=CASES, ids=lambda case: case.relative_to(DATA).as_posix())
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Case's folder, which is also the working directory, where nothing else says a region."""
    folder: Path = request.param
    monkeypatch.chdir(folder)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "none"))
    return folder


def test_rows_and_entries_are_those_expected(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lake holds exactly what is expected, and what is refused is refused for the expected reason."""
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    for name, value in expected.get("environment", {}).items():
        monkeypatch.setenv(name, value)

    done = CliRunner().invoke(cli, [f"sync-{case.parents[1].name}", str(tmp_path), *expected["arguments"]])
    found = read_lake(tmp_path)

    refused, warned = expected.get("rejected", {}), expected.get("warnings", {})
    assert done.exit_code == (1 if refused or warned else 0), done.output
    assert case.parent.name == ("flawed" if warned else "invalid" if refused else "valid")
    root = f"{case.as_uri()}/"
    assert {
        entry["uri"].removeprefix(root): [entry["file_kind"], entry["job_name"]]
        for entry in found.ledger
        if entry["status"] == "loaded"
    } == expected["loaded"]
    for said, parts in ((found.errors, refused), (found.warnings, warned)):
        messages = {uri.removeprefix(root): message for uri, message in said.items()}
        assert messages.keys() == parts.keys()
        for uri, part in parts.items():
            assert part in messages[uri]
    rows = {table: sort_rows(map(_plain, table_rows)) for table, table_rows in found.tables.items()}
    assert rows == {table: sort_rows(table_rows) for table, table_rows in expected["rows"].items()}
    _check_as_written(case, found)


def test_syncing_twice_changes_nothing(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read again is unchanged, refusals too, and the lake is left as it is."""
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    for name, value in expected.get("environment", {}).items():
        monkeypatch.setenv(name, value)
    command = [f"sync-{case.parents[1].name}", str(tmp_path), *expected["arguments"], "--json"]
    CliRunner().invoke(cli, command)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}

    done = CliRunner().invoke(cli, command)

    summary = json.loads(done.stdout)
    assert (done.exit_code, summary["load_id"], summary["errors"]) == (0, None, [])
    assert summary["unchanged"] == summary["found"] == len(expected["loaded"]) + len(expected.get("rejected", {}))
    assert files == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


def _plain(row: Row) -> dict[str, Any]:
    found = {name: value for name, value in plain(row).items() if name not in {"description_json", "event_json"}}
    return found if row["job_name"] is None else {"job_name": row["job_name"], **found}


def _check_as_written(case: Path, found: RawLake) -> None:
    """JSON columns stand in the files letter by letter, but for what boto3 adds and a log's quotes."""
    text = "".join(path.read_text(encoding="utf-8") for path in case.rglob("*.json") if path.name != "expected.json")
    columns = {"labeling_jobs": "description_json", "worker_activity": "event_json"}
    for table, column in columns.items():
        for row in found.tables.get(table, []):
            written = row[column]
            assert json.loads(written)
            assert "ResponseMetadata" not in written
            if "ResponseMetadata" not in text:
                assert written in text or json.dumps(written)[1:-1] in text
