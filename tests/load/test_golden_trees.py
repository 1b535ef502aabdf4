"""Folders of made-up labeling jobs, each beside the rows that the documented format says are in it.

``tests/data/<task type>/{valid,flawed,invalid}/<case>/`` holds one or more jobs' folders and ``expected.json``::

    {"rejected": {"<path of a file>": "<part of the error>"}, "warnings": {"<path>": "<part of the warning>"},
     "rows": {"<raw table>": [{"<column>": <value>}]}}

Of an invalid case a file is refused; a flawed one has a file that is loaded with a warning.

A row leaves out its lineage and the columns that are NULL, and these, which are held against the source itself:
``value_json``, ``metadata_json``, ``answer_json`` and ``config_json``. Times are UTC; ``*_json`` is the JSON value.
Overlaps name files by their paths, and leave out their versions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.tables import OVERLAPS
from tests.load.raw_lake import RawLake, Row, load_and_read, values

DATA = Path(__file__).parents[1] / "data"
CASES = sorted(path.parent for path in DATA.glob("*/*/*/expected.json"))
AS_WRITTEN = {"value_json", "metadata_json", "answer_json", "config_json"}
VERSIONS = {"label_file_etag", "other_file_etag"}


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.relative_to(DATA).as_posix())
def tree(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RawLake]:
    """Case's folder, and the lake that it was loaded into."""
    return request.param, load_and_read(request.param, tmp_path_factory.mktemp("lake"))


def test_rows_are_those_expected(tree: tuple[Path, RawLake]) -> None:
    """The lake holds exactly the rows that are expected, and every other file is refused for the expected reason."""
    case, found = tree
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    root = f"file://{case.resolve().as_posix()}/"

    rows = {table: sort_rows(plain(row, root) for row in found_rows) for table, found_rows in found.tables.items()}
    assert rows == {table: sort_rows(expected_rows) for table, expected_rows in expected["rows"].items()}

    refused, warned = expected.get("rejected", {}), expected.get("warnings", {})
    for said, parts in ((found.errors, refused), (found.warnings, warned)):
        messages = {uri.removeprefix(root): message for uri, message in said.items()}
        assert messages.keys() == parts.keys()
        for path, part in parts.items():
            assert part in messages[path]
    assert case.parent.name == ("flawed" if warned else "invalid" if refused else "valid")


def test_lineage_and_json_are_those_of_the_file(tree: tuple[Path, RawLake]) -> None:
    """Every row names its file and its job; JSON columns hold what that file says, letter by letter."""
    _, found = tree
    entries = {entry["file_no"]: entry for entry in found.ledger}
    counts = dict.fromkeys(entries, 0)
    for table, found_rows in found.tables.items():
        for row in found_rows:
            entry = entries[row["file_no"]]
            if table == OVERLAPS:
                assert entry["uri"] in (row["label_file_uri"], row["other_file_uri"])
                continue  # they are of two files, and the ledger does not count them
            counts[row["file_no"]] += 1
            assert (row["load_id"], row["job_name"]) == (entry["load_id"], entry["job_name"])
            assert f"/{row['job_name']}/" in entry["uri"]
            if AS_WRITTEN & row.keys():
                _check_as_written(row, _text(Path(entry["uri"].removeprefix("file://")).read_bytes()))
    assert counts == {file_no: entry["row_count"] for file_no, entry in entries.items()}


def _text(data: bytes) -> str:
    """A file's text; the one half of a character in these trees is replaced."""
    encoding = "utf-16" if data.startswith(b"\xff\xfe") else "utf-8-sig"
    return data.decode(encoding).replace(r"\ud800", r"\ufffd")


def _check_as_written(row: Row, source: str) -> None:
    if row.get("answer_json") is not None:
        answer, written = _answer(json.loads(source), row["answer_index"])
        assert json.loads(row["answer_json"]) == answer
        assert row["answer_json"] in (written or source)
    if row.get("config_json") is not None:
        assert row["config_json"] == source
    if "metadata_json" in row:
        name = row["label_attribute_name"]
        line = source
        if source.startswith("["):
            entries = {int(entry["datasetObjectId"]): entry for entry in json.loads(source)}
            keys = entries[row["object_index"]]["consolidatedAnnotation"]["content"]
            line = keys if isinstance(keys, str) else source
            keys = json.loads(keys) if isinstance(keys, str) else keys
        else:
            line = source.split("\n")[row["object_index"]]
            keys = json.loads(line)
        for column, key in (("value_json", name), ("metadata_json", f"{name}-metadata")):
            if row[column] is None:
                assert name is None or keys.get(key) is None
            else:
                assert json.loads(row[column]) == keys[key]
                assert row[column] in line


def _answer(file: Any, place: int) -> tuple[Any, str | None]:
    """Answer of a file; and the text that it is in, where that is a text in a consolidation request."""
    if isinstance(file, dict):
        return file["answers"][place]["answerContent"], None
    annotations = [annotation for entry in file for annotation in entry["annotations"]]
    written, answer = "", annotations[place]["annotationData"]["content"]
    while isinstance(answer, str):
        written, answer = answer, json.loads(answer)
    return answer, written


def plain(row: Row, root: str = "") -> dict[str, Any]:
    """The row as ``expected.json`` has it."""
    plain = {name: value for name, value in values(row).items() if name not in AS_WRITTEN | VERSIONS}
    for name, value in plain.items():
        if name in ("label_file_uri", "other_file_uri"):
            plain[name] = value.removeprefix(root)
        if isinstance(value, datetime):
            plain[name] = value.isoformat(timespec="milliseconds")
        elif name.endswith("_json"):
            plain[name] = json.loads(value)
    return plain


def sort_rows(rows: Iterable[Row]) -> list[Row]:
    """Rows in an order that does not depend on how they came."""
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))
