"""A loader refuses a lake of a newer format, marks an older one, and loses nothing that it does not know."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from ingest import __version__
from ingest.cli import cli
from ingest.lake.compact import compact
from ingest.lake.forget import Selection, forget
from ingest.lake.lake import Lake
from ingest.lake.layout import schema_path
from ingest.lake.ledger import is_settled, names_of, read_ledger
from ingest.lake.parquet import SCHEMAS
from ingest.lake.vacuum import vacuum
from ingest.load.run import load
from ingest.storage.store import StoreError
from tests.jobs import current_rows, load_twice, write_answers, write_job

CURRENT = {"format_version": 4, "minimum_loader_version": "0.5.0"}
NEWER = {"format_version": 5, "minimum_loader_version": "9.8.7", "anything": "else"}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "source"


@pytest.fixture
def folder(source: Path, tmp_path: Path) -> Path:
    """Lake of two loads."""
    return load_twice(source, tmp_path / "lake", lambda source: write_job(source, "Birds", {0: {"cam": "Owl"}}))


def mark(folder: Path, marker: Any) -> None:
    text = marker if isinstance(marker, str) else json.dumps(marker)
    (folder / "raw/_format.json").write_text(text, encoding="utf-8")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


COMMANDS = [
    ["load", "SOURCE", "LAKE"],
    ["sync-jobs", "LAKE", "--from", "SAVED"],
    ["sync-workers", "LAKE", "--from", "SAVED"],
    ["sync-activity", "LAKE", "--from", "SAVED"],
    ["status", "LAKE"],
    ["register", "LAKE", "--database", "raw"],
    ["compact", "LAKE"],
    ["vacuum", "LAKE", "--grace-hours", "0"],
    ["forget", "LAKE", "--job", "Pets"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_every_command_refuses_a_newer_lake_before_it_writes(
    command: list[str], folder: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_answers(source / "Pets", 3, {"ann": "Cat"})
    (tmp_path / "saved.json").write_text("{}")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    mark(folder, NEWER)
    before = contents(folder)
    words = {"SOURCE": str(source), "LAKE": str(folder), "SAVED": str(tmp_path / "saved.json")}

    done = CliRunner().invoke(cli, [words.get(word, word) for word in command])

    assert done.exit_code == 2
    assert done.stderr == (
        f"error: file://{folder} has lake format 5, and this loader ({__version__}) knows format 4: "
        "upgrade to ground-truth-analytics 9.8.7 or newer\n"
    )
    assert contents(folder) == before


@pytest.mark.parametrize(
    "marker",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"format_version": "2", "minimum_loader_version": "0.2.0"}',
        '{"format_version": 2}',
        '{"format_version": true, "minimum_loader_version": "0.2.0"}',
        '{"format_version": 0, "minimum_loader_version": ""}',
    ],
)
def test_a_marker_that_cannot_be_understood_is_an_error(marker: str, folder: Path) -> None:
    mark(folder, marker)

    done = CliRunner().invoke(cli, ["compact", str(folder)])

    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: file://{folder}/raw/_format.json: not a lake's format marker")
    assert done.stderr.count("\n") == 1


def test_a_lake_that_became_newer_meanwhile_is_not_committed_to(folder: Path) -> None:
    lake = Lake.open(str(folder))
    before = current_rows(folder)
    entry = next(read_ledger(lake.store).versions())

    def load_late() -> None:
        with lake.begin() as late:
            late.add([entry._replace(load_id=late.id)])
            mark(folder, NEWER)

    with pytest.raises(StoreError, match="lake format 5"):
        load_late()

    mark(folder, CURRENT)
    assert current_rows(folder) == before


def unmark(folder: Path) -> None:
    (folder / "raw/_format.json").unlink()


@pytest.mark.parametrize(
    "write",
    [
        lambda folder, source: load(str(source), str(folder)),
        lambda folder, source: compact(Lake.open(str(folder))),
        lambda folder, source: forget(Lake.open(str(folder)), Selection(jobs=["Pets"])),
    ],
    ids=["load", "compact", "forget"],
)
@pytest.mark.parametrize("older", [unmark, lambda folder: mark(folder, {**CURRENT, "format_version": 1})])
def test_an_older_lake_is_marked_by_the_next_command_that_writes(
    older: Callable[[Path], None], write: Callable[[Path, Path], object], folder: Path, source: Path
) -> None:
    older(folder)
    write_answers(source / "Pets", 3, {"ann": "Cat"})

    write(folder, source)

    assert json.loads((folder / "raw/_format.json").read_text()) == CURRENT


def name_all_parts(folder: Path) -> None:
    """Each commit names all files of its load that are there."""
    for commit in folder.glob("raw/source_files/2*"):
        parts = [str(path.relative_to(folder)) for path in folder.glob(f"raw/*/{commit.stem}-*.parquet")]
        entries = pq.read_table(commit)
        with pq.ParquetWriter(commit, entries.schema, store_schema=False) as writer:
            writer.write_table(entries)
            writer.add_key_value_metadata(names_of(parts))


@pytest.fixture
def newer_rows(folder: Path) -> Path:
    """The lake as a newer loader of the same format may leave it: with a column and a table more, with rows."""
    lake = Lake.open(str(folder))
    (folder / "raw/reviews").mkdir()
    for number, (path, name) in enumerate((file, file.name) for file in sorted(folder.glob("raw/worker_answers/2*"))):
        answers = pq.read_table(path)
        moods = pa.array([f"mood {number}-{row}" for row in range(len(answers))])
        if number:
            answers = answers.append_column("mood", moods)
        pq.write_table(answers, path, store_schema=False)
        keys = answers.select(["load_id", "file_no", "answer_index"])
        pq.write_table(keys.append_column("review", moods), folder / "raw/reviews" / name, store_schema=False)
    schema = SCHEMAS["worker_answers"].append(pa.field("mood", pa.string()))
    for table, columns in (("worker_answers", schema), ("reviews", keys.append_column("review", moods).schema)):
        pq.write_table(columns.empty_table(), lake.store.root / schema_path(table))  # type: ignore[attr-defined]
    name_all_parts(folder)
    return folder


def unknown(folder: Path) -> tuple[list[Any], list[Any]]:
    """What the lake's current files have in the column and in the table that this loader does not know."""
    current = {(entry.load_id, entry.file_no) for entry in read_ledger(Lake.open(str(folder)).store).versions()}

    def values(table: str, column: str) -> list[Any]:
        rows = [row for path in (folder / "raw" / table).glob("2*") for row in pq.read_table(path).to_pylist()]
        return sorted(
            (row.get(column) for row in rows if (row["load_id"], row["file_no"]) in current), key=lambda it: it or ""
        )

    return values("worker_answers", "mood"), values("reviews", "review")


def test_compact_and_vacuum_keep_columns_and_tables_that_are_unknown(newer_rows: Path) -> None:
    before, rows = unknown(newer_rows), current_rows(newer_rows)
    assert before == ([None, None, "mood 1-0"], ["mood 0-0", "mood 0-1", "mood 1-0"])

    assert compact(Lake.open(str(newer_rows))).loads_rewritten == 2
    deleted = vacuum(Lake.open(str(newer_rows)), grace_hours=0).files

    assert deleted > 2
    assert unknown(newer_rows) == before
    assert current_rows(newer_rows) == rows
    assert {path.name[:27] for path in newer_rows.glob("raw/reviews/2*")} == {
        path.name[:27] for path in newer_rows.glob("raw/source_files/2*.parquet")
    }
    for table, column in (("worker_answers", "mood"), ("reviews", "review")):
        assert column in pq.read_schema(newer_rows / schema_path(table)).names


def test_forget_leaves_a_worker_out_of_unknown_tables_too(newer_rows: Path) -> None:
    forget(Lake.open(str(newer_rows)), Selection(workers=["private.us-east-1.ann"]))

    assert unknown(newer_rows) == ([None, "mood 1-0"], ["mood 0-1", "mood 1-0"])


def test_vacuum_leaves_what_no_loader_wrote(folder: Path) -> None:
    for name in ("notes/mine.parquet", "notes/mine-1.parquet", "notes/deep/20200101T000000000-deadbeef-00000.parquet"):
        path = folder / "raw" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"not ours")

    vacuum(Lake.open(str(folder)), grace_hours=0)

    assert len(list((folder / "raw/notes").rglob("*.parquet"))) == 3


def test_a_table_without_lineage_is_not_rewritten(folder: Path) -> None:
    load_id = next(folder.glob("raw/source_files/2*")).stem
    (folder / "raw/notes").mkdir()
    pq.write_table(pa.table({"note": ["mine"]}), folder / f"raw/notes/{load_id}-00000.parquet")
    name_all_parts(folder)
    before = current_rows(folder)

    with pytest.raises(StoreError, match="lacks load_id or file_no"):
        compact(Lake.open(str(folder)))

    assert current_rows(folder) == before


@pytest.mark.parametrize(
    ("status", "version", "settled"),
    [
        *(("loaded", "0.0.1", True), ("forgotten", None, True)),
        *(("rejected", __version__, True), ("skipped", __version__, True)),
        *(("rejected", "0.1.0", False), ("rejected", "0.2.0.dev1", False), ("rejected", None, False)),
        *(("rejected", "0.10.0", True), ("rejected", "999", True), ("rejected", "unknown", False)),
    ],
)
def test_what_an_older_loader_refused_is_tried_again_and_what_a_newer_one_did_is_not(
    status: str, version: str | None, settled: bool
) -> None:
    assert is_settled(status, version) == settled
