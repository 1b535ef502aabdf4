"""compact, vacuum and forget: rows stay or go as asked, whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from ingest.cli import cli
from ingest.identity import worker_key
from ingest.job_folder import FileKind, FramesFolder
from ingest.lake.compact import compact
from ingest.lake.forget import Selection, forget
from ingest.lake.lake import Lake, Load
from ingest.lake.ledger import Status, new_entry, read_ledger
from ingest.lake.status import status
from ingest.lake.vacuum import vacuum
from ingest.load.plan import Options
from ingest.load.run import load
from ingest.tables import TABLES
from tests.jobs import answers_of, current_rows, write_answers, write_job

ANN, BEN = "private.us-east-1.ann", "private.us-east-1.ben"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_job(tmp_path / "source", "Pets", {0: {"ann": "Cat", "ben": "Dog"}, 1: {"ann": "Dog"}})
    write_job(tmp_path / "source", "Birds", {0: {"ben": "Owl"}})
    return tmp_path / "source"


@pytest.fixture
def lake(source: Path, tmp_path: Path) -> Lake:
    """Three loads, of which the later ones replaced rows, and a file that broke after it was loaded."""
    path = str(tmp_path / "lake")
    load(str(source), path)
    write_answers(source / "Pets", 1, {"ann": "Cat"})
    load(str(source), path)
    write_answers(source / "Birds", 0, {"ben": "Owl"}).write_text("{")
    write_answers(source / "Birds", 1, {"ben": "Owl"})
    load(str(source), path)
    return Lake.open(path)


def data_files(lake: Lake) -> list[str]:
    return [file.path for file in lake.store.list("raw") if "/_" not in file.path]


def test_compacting_and_vacuuming_change_no_row(lake: Lake) -> None:
    before, errors = current_rows(lake), status(lake).errors

    assert compact(lake).loads_rewritten == 3
    assert current_rows(lake) == before
    deleted = vacuum(lake, grace_hours=0).files

    assert deleted > 3
    assert current_rows(lake) == before
    assert status(lake).errors == errors, "the broken file is still reported"
    assert len({path.rpartition("/")[2][:18] for path in data_files(lake)}) == 1
    assert compact(lake).loads_rewritten == 0, "there is nothing to gain any more"
    assert vacuum(lake, grace_hours=0) == (0, 0, 0)


def test_nothing_is_read_again_after_compacting(lake: Lake, source: Path) -> None:
    compact(lake)
    vacuum(lake, grace_hours=0)

    assert load(str(source), lake.uri).load_id is None


def test_the_grace_period_protects_what_a_running_query_may_need(lake: Lake) -> None:
    compact(lake)
    before = data_files(lake)

    assert vacuum(lake, grace_hours=1) == (0, 0, 0)
    assert data_files(lake) == before


def test_vacuum_deletes_what_a_dead_load_left(lake: Lake) -> None:
    before = data_files(lake)
    left = lake.store.read(next(path for path in before if "/frames/" not in path and "source_files" not in path))
    with lake.store.create("raw/annotations/20200101T000000000-deadbeef-00000.parquet") as file:
        file.write(left)

    assert vacuum(lake, grace_hours=1) == (0, 0, 0), "it may be a load that is running"
    vacuum(lake, grace_hours=0)

    assert set(data_files(lake)) <= set(before)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Lets something happen after rows were compacted, right before that is committed."""

    def let_happen(event: Callable[[], object]) -> None:
        commit = Load._commit

        def commit_late(load: Load) -> None:
            monkeypatch.undo()
            event()
            commit(load)

        monkeypatch.setattr(Load, "_commit", commit_late)

    return let_happen


def test_a_load_that_commits_while_rows_are_compacted_keeps_precedence(
    lake: Lake, source: Path, meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    def change() -> None:
        write_answers(source / "Pets", 1, {"ann": "Parrot", "ben": "Parrot"})
        forget(lake, Selection(uris=[f"file://{source}/Pets/annotations/worker-response/iteration-1/0/"]))
        load(str(source), lake.uri)

    meanwhile(change)
    compact(lake)

    pets = [(answer[1], answer[2], "Parrot" in answer[3]) for answer in answers_of(lake) if answer[0] == "Pets"]
    assert pets == [(1, ANN, True), (1, BEN, True)]


def test_a_worker_forgotten_while_rows_are_compacted_stays_gone(
    lake: Lake, meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    meanwhile(lambda: forget(lake, Selection(workers=[ANN])))
    compact(lake)

    assert {BEN} == {answer[2] for answer in answers_of(lake)}


def test_a_worker_stays_gone_when_rows_are_compacted_while_it_is_forgotten(
    lake: Lake, meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    meanwhile(lambda: compact(lake))
    forget(lake, Selection(workers=[ANN]))

    assert {BEN} == {answer[2] for answer in answers_of(lake)}


def test_a_ledger_file_is_never_overwritten(lake: Lake) -> None:
    lake.store.put_new("raw/source_files/one.parquet", b"first")

    with pytest.raises(FileExistsError):
        lake.store.put_new("raw/source_files/one.parquet", b"second")

    assert lake.store.read("raw/source_files/one.parquet") == b"first"


def test_a_forgotten_job_is_gone_and_stays_gone(lake: Lake, source: Path) -> None:
    done = forget(lake, Selection(jobs=["Pets"]))

    assert done.files == 3
    assert {"Birds"} == {row[0] for rows in current_rows(lake).values() for row in rows}
    write_answers(source / "Pets", 0, {"ann": "Dog"})
    assert load(str(source), lake.uri).files_forgotten == 3
    assert {"Birds"} == {answer[0] for answer in answers_of(lake)}
    assert [job.job_name for job in status(lake).jobs] == ["Birds"]

    load(str(source), lake.uri, Options(include_forgotten=True))
    assert {"Birds", "Pets"} == {answer[0] for answer in answers_of(lake)}


def test_a_forgotten_job_makes_room_for_another_of_its_name(lake: Lake, tmp_path: Path) -> None:
    write_job(tmp_path / "other", "Pets", {7: {"dot": "Cat"}})
    forget(lake, Selection(jobs=["Pets"]))

    assert load(str(tmp_path / "other"), lake.uri).files_skipped == 0

    assert [answer[1] for answer in answers_of(lake) if answer[0] == "Pets"] == [7]


@pytest.mark.parametrize(
    "name", [ANN, worker_key(ANN), f"worker-{worker_key(ANN)[:8]}"], ids=["worker id", "worker key", "pseudonym"]
)
def test_a_forgotten_worker_is_gone_and_stays_gone(name: str, lake: Lake, source: Path) -> None:
    done = forget(lake, Selection(workers=[name]))

    assert (done.workers, done.answers) == (1, 2)
    rows = current_rows(lake)
    assert {BEN} == {answer[2] for answer in answers_of(lake)}
    assert len(rows["worker_annotations"]) == len(rows["worker_answers"])
    write_answers(source / "Pets", 5, {"ann": "Dog", "ben": "Dog"})
    write_answers(source / "Pets", 0, {"ann": "Dog", "ben": "Dog"})
    load(str(source), lake.uri)
    assert {BEN} == {answer[2] for answer in answers_of(lake)}


def test_a_forgotten_worker_s_bytes_go_with_compact_and_vacuum(lake: Lake, tmp_path: Path) -> None:
    forget(lake, Selection(workers=[ANN]))
    compact(lake)
    vacuum(lake, grace_hours=0)

    for file in (tmp_path / "lake").rglob("*.parquet"):
        assert ANN not in str(pq.read_table(file).to_pydict()), file


@pytest.mark.parametrize(
    "selection",
    [["--job", "Nothing"], ["--worker", "nobody"], ["--uri", "/nowhere"], ["--job", "Pets", "--worker", "nobody"]],
    ids=" ".join,
)
def test_forgetting_what_is_not_there_does_nothing(selection: list[str], lake: Lake) -> None:
    before = data_files(lake)

    done = CliRunner().invoke(cli, ["forget", lake.uri, *selection])

    assert done.exit_code == 2
    assert "in the lake" in done.stderr
    assert data_files(lake) == before


def test_forgetting_a_folder_spares_its_neighbour_of_a_longer_name(lake: Lake, source: Path) -> None:
    write_job(source, "Pets-2", {0: {"ann": "Cat"}})
    load(str(source), lake.uri)

    forget(lake, Selection(uris=[str(source / "Pets")]))

    assert {"Birds", "Pets-2"} == {answer[0] for answer in answers_of(lake)}


@pytest.mark.parametrize("command", ["status", "compact", "vacuum"])
def test_a_mistyped_lake_is_an_error(command: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, [command, str(tmp_path / "lale"), "--json"])

    assert done.exit_code == 2
    assert "nothing is loaded in" in done.stderr


def test_row_counts_in_the_ledger_hold_after_every_rewrite(lake: Lake) -> None:
    forget(lake, Selection(workers=[ANN]))
    compact(lake)

    total = sum(job.rows for job in status(lake).jobs)

    assert total == sum(len(rows) for rows in current_rows(lake).values())


def test_compact_leaves_out_what_a_load_wrote_while_a_worker_was_forgotten(lake: Lake) -> None:
    """The load began before, so it did not know; the frames that its answer points to go too."""
    folder = "a" * 40
    job = "file:///late/Traffic"
    place = f"{job}/annotations/worker-response/iteration-1/0"
    with lake.begin() as late:
        forget(lake, Selection(workers=[ANN]))
        lineage = {"load_id": late.id, "file_no": 0, "job_name": "Traffic", "object_index": 0}
        answers = [
            {**lineage, "answer_index": 0, "worker_id": ANN, "worker_key": worker_key(ANN), "payload_folder": folder},
            {**lineage, "answer_index": 1, "worker_id": BEN, "worker_key": worker_key(BEN)},
        ]
        frames = [{**lineage, "file_no": 1, "payload_folder": folder}]
        with late.part(0) as part:
            for table, rows in (("worker_answers", answers), ("worker_frames", frames)):
                columns = TABLES[table].schema
                every = [{name: row.get(name) for name in columns.names} for row in rows]
                part.write(table, pa.RecordBatch.from_pylist(every, columns))
        kinds = [("a.json", FileKind.WORKER_RESPONSE, 2), (f"{folder}/1.json", FileKind.WORKER_FRAME, 1)]
        late.add(
            [
                new_entry(
                    *(late.id, number, f"{place}/{name}", Status.LOADED),
                    job_name="Traffic",
                    job_uri=job,
                    file_kind=kind.value,
                    row_count=count,
                )
                for number, (name, kind, count) in enumerate(kinds)
            ]
        )
    assert {answer[2] for answer in answers_of(lake)} == {ANN, BEN}

    compact(lake)

    kept = current_rows(lake)
    assert {answer[2] for answer in answers_of(lake)} == {BEN}
    assert kept["worker_frames"] == []
    assert sum(job.rows for job in status(lake).jobs) == sum(map(len, kept.values()))
    assert FramesFolder("Traffic", "0", folder) in read_ledger(lake.store).forgotten_frames
    vacuum(lake, grace_hours=0)
    assert compact(lake).loads_rewritten == 0
