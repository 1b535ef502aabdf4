"""What a load does to a lake: only what is new or changed, nothing lost, every refusal recorded."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from ingest.cli import cli
from ingest.lake.compact import compact
from ingest.lake.forget import Selection, forget
from ingest.lake.lake import Lake, Load
from ingest.lake.ledger import Status, read_ledger
from ingest.lake.status import status
from ingest.lake.vacuum import vacuum
from ingest.load.plan import Options
from ingest.load.run import load
from ingest.storage.local import LocalStore
from ingest.storage.open import open_store
from ingest.storage.store import Entry, OnError, S3Options, Store
from tests.jobs import answers_of, current_rows, write_answers, write_job

ROOT = Path(__file__).parents[2]
ANN, BEN = "private.us-east-1.ann", "private.us-east-1.ben"
DOT = "private.us-east-1.dot"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_job(tmp_path / "source", "Pets", {0: {"ann": "Cat", "ben": "Dog"}, 1: {"ann": "Dog"}})
    return tmp_path / "source"


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake"


def label_of(answer: tuple[str, int, str, str]) -> str:
    label: str = json.loads(answer[3])["crowd-image-classifier"]["label"]
    return label


def labels(lake: Path) -> list[tuple[int, str, str]]:
    """Data object, worker and label of every answer."""
    return [(answer[1], answer[2], label_of(answer)) for answer in answers_of(lake)]


def test_loading_twice_changes_nothing(source: Path, lake: Path) -> None:
    load(str(source), str(lake))
    files = {path: path.stat().st_mtime_ns for path in lake.rglob("*") if path.is_file()}

    summary = load(str(source), str(lake))

    assert (summary.load_id, summary.files_loaded, summary.files_unchanged) == (None, 0, 3)
    assert files == {path: path.stat().st_mtime_ns for path in lake.rglob("*") if path.is_file()}


@pytest.mark.parametrize("at", ["the job's folder", "a folder far above", "a link to the tree"])
def test_a_job_is_found_wherever_it_lies(at: str, source: Path, lake: Path, tmp_path: Path) -> None:
    place = {"the job's folder": source / "Pets", "a folder far above": tmp_path}.get(at, tmp_path / "links/link")
    if at == "a link to the tree":
        (tmp_path / "links").mkdir()
        place.symlink_to(source)
        (source / "back").symlink_to(source)
        place = place.parent

    load(str(place), str(lake))

    assert labels(lake) == [(0, ANN, "Cat"), (0, BEN, "Dog"), (1, ANN, "Dog")]


def test_only_the_changed_file_is_read_and_its_rows_are_replaced(source: Path, lake: Path) -> None:
    load(str(source), str(lake))
    write_answers(source / "Pets", 1, {"ann": "Cat", "ben": "Cat"})

    summary = load(str(source), str(lake))

    assert (summary.files_loaded, summary.files_unchanged) == (1, 2)
    assert labels(lake) == [(0, ANN, "Cat"), (0, BEN, "Dog"), (1, ANN, "Cat"), (1, BEN, "Cat")]


def test_a_changed_manifest_replaces_its_rows(source: Path, lake: Path) -> None:
    load(str(source), str(lake))
    manifest = source / "Pets/manifests/output/output.manifest"
    first, _ = manifest.read_text().splitlines()
    manifest.write_text(first.replace("Cat", "Parrot") + "\n")

    load(str(source), str(lake))

    rows = current_rows(lake)
    assert len(rows["data_objects"]) == 1
    assert [row[6] for row in rows["annotations"]] == ["Parrot"]


def test_a_vanished_file_keeps_what_it_gave(source: Path, lake: Path) -> None:
    load(str(source), str(lake))
    before = current_rows(lake)
    shutil.rmtree(source / "Pets/annotations")

    load(str(source), str(lake))

    assert current_rows(lake) == before


def test_a_broken_file_is_recorded_and_the_rest_is_loaded(source: Path, lake: Path) -> None:
    broken = write_answers(source / "Pets", 2, {"ann": "Cat"})
    broken.write_text(broken.read_text()[:40])

    done = CliRunner().invoke(cli, ["load", str(source), str(lake), "--json"])

    assert done.exit_code == 1
    summary = json.loads(done.stdout)
    assert (summary["files_loaded"], summary["files_rejected"]) == (3, 1)
    assert summary["errors"] == [{"uri": f"file://{broken}", "error": "Input data was truncated"}]
    assert len(answers_of(lake)) == 3
    assert status(Lake.open(str(lake))).errors == [(f"file://{broken}", "Input data was truncated")]


def test_a_sound_file_that_breaks_keeps_its_rows_and_is_reported(source: Path, lake: Path) -> None:
    load(str(source), str(lake))
    before = current_rows(lake)
    file = source / "Pets/manifests/output/output.manifest"
    file.write_text(file.read_text() + "[]\n")

    summary = load(str(source), str(lake))

    assert "line 3: Expected `object`, got `array`" in summary.errors[0]["error"]
    assert current_rows(lake) == before
    assert load(str(source), str(lake)).load_id is None, "the broken version is not read again"
    file.write_text("")
    assert load(str(source), str(lake)).files_loaded == 1
    assert current_rows(lake)["data_objects"] == []


def test_a_file_that_cannot_be_opened_is_recorded(source: Path, lake: Path) -> None:
    file = write_answers(source / "Pets", 3, {"ann": "Cat"})

    class Vanishing(LocalStore):
        def list(self, prefix: str = "", on_error: OnError | None = None) -> Iterator[Entry]:
            yield from list(super().list(prefix))
            file.unlink(missing_ok=True)

    def open_vanishing(location: str, s3: S3Options) -> Store:
        return Vanishing(source) if location == str(source) else open_store(location, s3)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.load.run.open_store", open_vanishing)
        summary = load(str(source), str(lake))

    assert summary.files_rejected == 1
    assert "cannot be read" in summary.errors[0]["error"]
    assert len(answers_of(lake)) == 3


def test_a_lake_that_cannot_be_written_is_no_fault_of_the_files(
    source: Path, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*row: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ingest.lake.parquet.PartWriter.write", full)
        with pytest.raises(OSError, match="No space left"):
            load(str(source), str(lake))

    assert load(str(source), str(lake)).files_loaded == 3


def aged(job: Path, days: int) -> Path:
    """A job's folder, as if all its files were written so many days after 2026-01-01."""
    for path in job.rglob("*"):
        os.utime(path, (1_767_225_600 + days * 86_400,) * 2)
    return job


def test_of_two_folders_of_one_name_the_one_with_the_newest_result_counts(source: Path, lake: Path) -> None:
    aged(source / "Pets", 2)
    aged(write_job(source / "copy", "Pets", {0: {"dot": "Owl"}}), 1)

    summary = load(str(source), str(lake))

    assert (summary.files_loaded, summary.files_skipped) == (3, 2)
    error = summary.errors[0]["error"]
    assert error == (
        f"job Pets is in two folders: file://{source}/Pets has the newest results, so file://{source}/copy/Pets "
        "does not count: load one of them with --namespace to have both, or forget one by its --uri"
    )
    assert {ANN, BEN} == {answer[2] for answer in answers_of(lake)}
    again = load(str(source / "copy"), str(lake))
    assert (again.load_id, again.files_unchanged) == (None, 2)

    aged(source / "copy/Pets", 3)
    newer = load(str(source / "copy"), str(lake))

    assert (newer.files_loaded, newer.errors) == (2, [])
    assert {DOT} == {answer[2] for answer in answers_of(lake)}
    found = status(Lake.open(str(lake)))
    assert [(job.job_name, job.files, job.skipped) for job in found.jobs] == [("Pets", 2, 3)]
    reasons = [reason.partition(" has ")[0] for _, reason in found.errors]
    assert reasons == [f"job Pets is in two folders: file://{source}/copy/Pets"] * 3
    assert load(str(source), str(lake)).load_id is None

    forget(Lake.open(str(lake)), Selection(uris=[str(source / "copy")]))

    assert {ANN, BEN} == {answer[2] for answer in answers_of(lake)}, "without a new load"
    assert status(Lake.open(str(lake))).errors == []


@pytest.mark.parametrize("first", ["a", "b"])
def test_the_newest_of_two_folders_counts_wherever_it_is_listed(first: str, tmp_path: Path, lake: Path) -> None:
    for name in "ab":
        aged(write_job(tmp_path / "source" / name, "Pets", {0: {name: "Owl"}}), 1 if name == first else 2)

    load(str(tmp_path / "source"), str(lake))

    assert {f"private.us-east-1.{'b' if first == 'a' else 'a'}"} == {answer[2] for answer in answers_of(lake)}


def test_a_folder_that_is_behind_is_not_read_until_its_results_are_newer(source: Path, lake: Path) -> None:
    aged(source / "Pets", 2)
    load(str(source), str(lake))
    other = aged(write_job(source.parent / "other", "Pets", {0: {"dot": "Owl"}}), 3)
    load(str(other), str(lake))
    write_answers(source / "Pets", 7, {"ann": "Cat"})
    summary = load(str(source), str(lake))
    assert (summary.files_loaded, summary.files_skipped) == (0, 1), "an answer is no result"

    manifest = source / "Pets/manifests/output/output.manifest"
    os.utime(manifest, (1_767_225_600 + 4 * 86_400,) * 2)
    load(str(source), str(lake))

    assert {(0, ANN), (0, BEN), (1, ANN), (7, ANN)} <= {answer[1:3] for answer in answers_of(lake)}
    assert DOT not in {answer[2] for answer in answers_of(lake)}


def test_two_loads_at_once_of_two_folders_of_one_name_do_not_mix_them(
    source: Path, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aged(source / "Pets", 1)
    other = aged(write_job(source.parent / "other", "Pets", {5: {"dot": "Owl"}}), 2)
    commit = Load._commit

    def late(load_: Load) -> None:
        monkeypatch.setattr(Load, "_commit", commit)
        load(str(other), str(lake))
        commit(load_)

    monkeypatch.setattr(Load, "_commit", late)
    load(str(source), str(lake))

    assert {(5, DOT)} == {answer[1:3] for answer in answers_of(lake)}
    compact(Lake.open(str(lake)))
    assert {(5, DOT)} == {answer[1:3] for answer in answers_of(lake)}
    forget(Lake.open(str(lake)), Selection(uris=[str(other)]))
    vacuum(Lake.open(str(lake)), grace_hours=0)
    assert {ANN, BEN} == {answer[2] for answer in answers_of(lake)}


def test_a_forgotten_name_is_forgotten_in_both_its_folders(source: Path, lake: Path) -> None:
    aged(source / "Pets", 1)
    load(str(source), str(lake))
    load(str(aged(write_job(source.parent / "other", "Pets", {5: {"dot": "Owl"}}), 2)), str(lake))

    forget(Lake.open(str(lake)), Selection(jobs=["Pets"]))

    assert answers_of(lake) == []


def test_a_sequence_file_that_the_manifest_names_but_is_not_there_is_recorded(tmp_path: Path, lake: Path) -> None:
    job = tmp_path / "source/Traffic"
    tail = "annotations/consolidated-annotation/output/0/SeqLabel.json"
    metadata = {"type": "groundtruth/video-object-tracking", "job-name": "labeling-job/traffic"}
    ref = f"s3://example-bucket/elsewhere/Traffic/{tail}"
    (job / "manifests/output").mkdir(parents=True)
    manifest = job / "manifests/output/output.manifest"
    manifest.write_text(
        json.dumps({"source-ref": "s3://example-bucket/0.json", "t-ref": ref, "t-ref-metadata": metadata})
    )

    summary = load(str(tmp_path / "source"), str(lake))

    assert summary.errors == [
        {"uri": f"file://{job}/{tail}", "error": f"missing file, referenced by file://{manifest}"}
    ]
    assert len(current_rows(lake)["data_objects"]) == 1, "the object itself is kept"

    (job / tail).parent.mkdir(parents=True)
    (job / tail).write_text('{"tracking-annotations": [{"frame-no": "0", "annotations": []}]}')
    assert load(str(tmp_path / "source"), str(lake)).files_loaded == 1
    assert len(current_rows(lake)["frames"]) == 1
    assert status(Lake.open(str(lake))).errors == []

    (job / tail).unlink()
    manifest.write_text(manifest.read_text() + "\n")
    assert load(str(tmp_path / "source"), str(lake)).errors == [], "what it gave is still there"
    assert len(current_rows(lake)["frames"]) == 1


@pytest.mark.parametrize("time", ["09:25:31.918770", "09_25_31.918770", "09-25-31.918770", "09%3A25%3A31.918770"])
def test_a_mask_that_the_manifest_names_is_found_however_a_copy_wrote_its_time(
    time: str, tmp_path: Path, lake: Path
) -> None:
    job = tmp_path / "source/Roofs"
    folder = "annotations/consolidated-annotation/output"
    metadata = {"type": "groundtruth/semantic-segmentation", "internal-color-map": {}}
    lines = [
        {
            "r-ref": f"s3://example-bucket/Roofs/{folder}/{number}_2022-09-09T09:25:31.918770.png",
            "r-ref-metadata": metadata,
        }
        for number in (0, 1)
    ]
    (job / "manifests/output").mkdir(parents=True)
    (job / "manifests/output/output.manifest").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (job / folder).mkdir(parents=True)
    Image.new("P", (2, 2)).save(job / folder / f"0_2022-09-09T{time}.png")

    summary = load(str(tmp_path / "source"), str(lake))

    missing = f"file://{job}/{folder}/1_2022-09-09T09:25:31.918770.png"
    assert [error["uri"] for error in summary.errors] == [missing]
    assert summary.files_loaded == 2


def test_what_one_version_refuses_a_newer_one_tries_again(
    source: Path, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = source / "Pets/annotations/consolidated-annotation/output/0/SeqLabel.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"of a form": "that is new"}')

    assert load(str(source), str(lake)).files_rejected == 1
    assert load(str(source), str(lake)).load_id is None
    monkeypatch.setattr("ingest.lake.ledger.__version__", "999")
    assert load(str(source), str(lake)).files_rejected == 1


def test_a_fault_of_the_loader_costs_one_file_only(source: Path, lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr("ingest.formats.output_manifest.parse", fail)

    summary = load(str(source), str(lake))

    assert (summary.files_loaded, summary.files_rejected) == (2, 1)
    assert summary.errors[0]["error"] == "fault of the loader: KeyError('x')"


def test_two_loads_at_once_lose_nothing(source: Path, lake: Path) -> None:
    write_job(source, "Birds", {number: {"cam": "Owl"} for number in range(40)})
    write_job(source, "Fish", {number: {"dot": "Cod"} for number in range(40)})
    load(str(source), str(lake) + "-alone")
    places = [source, source / "Birds", source / "Fish", source]
    start = threading.Barrier(len(places))

    def run(place: Path) -> None:
        start.wait()
        load(str(place), str(lake))

    threads = [threading.Thread(target=run, args=(place,)) for place in places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert current_rows(lake) == current_rows(Path(f"{lake}-alone"))
    assert load(str(source), str(lake)).load_id is None


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_many_chunks_and_processes_give_the_same_lake_as_one(
    source: Path, lake: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    write_job(source, "Birds", {number: {"cam": "Owl"} for number in range(30)})
    broken = write_answers(source / "Birds", 30, {"cam": "Owl"})
    broken.write_text("{}")
    load(str(source), f"{lake}-one")
    monkeypatch.setattr("ingest.load.plan._CHUNK_FILES", 7)
    monkeypatch.setattr("ingest.load.run._context", lambda: multiprocessing.get_context(method))

    summary = load(str(source), str(lake), Options(processes=2))

    assert summary.files_rejected == 1
    assert current_rows(lake) == current_rows(Path(f"{lake}-one"))
    numbers = [entry.file_no for entry in read_ledger(open_store(str(lake))).newest.values()]
    assert sorted(numbers, key=lambda number: number or 0) == list(range(35))


@pytest.mark.parametrize(
    ("begin", "method"),
    [
        ("", "fork" if sys.platform == "linux" else "spawn"),
        ("import threading, time; threading.Thread(target=time.sleep, args=(5,), daemon=True).start()", "spawn"),
        ("import ingest.storage.s3", "spawn"),
    ],
    ids=["alone", "beside a thread", "with S3"],
)
def test_a_process_with_threads_is_not_copied(begin: str, method: str) -> None:
    script = f"{begin}\nfrom ingest.load.run import _context\nprint(_context().get_start_method())"

    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert run.stdout.strip() == method


def test_golden_answers_configs_and_attributes_can_be_named(source: Path, lake: Path, tmp_path: Path) -> None:
    golden, config = tmp_path / "right.jsonl", tmp_path / "labels.json"
    golden.write_text('{"0": "Cat"}\n')
    config.write_text('{"labels": [{"label": "Cat"}, {"label": "Dog"}]}')
    load(str(source), str(lake))
    named = Options({"Pets": "kind"}, {"Pets": str(golden)}, {"Pets": str(config)})

    summary = load(str(source), str(lake), named)

    rows = current_rows(lake)
    assert summary.files_loaded == 3, "the two files, and the manifest whose attribute was declared"
    assert [row[7] for row in rows["golden_labels"]] == ["Cat"]
    assert [row[2] for row in rows["label_categories"]] == ["Cat", "Dog"]
    assert "kind" in {row[1] for row in rows["labeling_jobs"]}
    again = load(str(source), str(lake), Options(golden={"Pets": str(golden)}))
    assert again.load_id is None


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("nowhere", "no such folder"),
        ("file", "is a file: expected a folder"),
        ("empty", "no labeling job under"),
        ("other", "no labeling job under"),
        ("", "empty path: expected a folder or an s3:// URI"),
        ("ftp://example.com/x", "expected a folder or an s3:// URI"),
    ],
)
def test_a_source_without_jobs_does_nothing(location: str, reason: str, lake: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other/notes.txt").touch()
    place = str(tmp_path / location) if location.isalpha() else location

    done = CliRunner().invoke(cli, ["load", place, str(lake)])

    assert done.exit_code == 2
    assert reason in done.stderr
    assert not lake.exists()


def test_a_lake_that_is_a_file_is_refused(source: Path, lake: Path) -> None:
    lake.touch()

    done = CliRunner().invoke(cli, ["load", str(source), str(lake)])

    assert done.exit_code == 2
    assert f"{lake} is a file: expected a folder" in done.stderr


@pytest.mark.parametrize("option", ["--golden", "--label-category-config", "--label-attribute"])
def test_an_option_for_a_job_that_is_not_there_does_nothing(
    option: str, source: Path, lake: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text('{"0": "Cat"}')

    done = CliRunner().invoke(cli, ["load", str(source), str(lake), option, f"Bets={tmp_path / 'file'}"])

    assert done.exit_code == 2
    assert "no labeling job Bets under" in done.stderr
    assert not any(current_rows(lake).values())


def test_one_named_file_may_serve_several_jobs(source: Path, lake: Path, tmp_path: Path) -> None:
    write_job(source, "Birds", {0: {"cam": "Cat"}})
    golden = tmp_path / "golden.jsonl"
    golden.write_text('{"0": "Cat"}')

    load(str(source), str(lake), Options(golden={"Pets": str(golden), "Birds": str(golden)}))

    assert [row[0] for row in current_rows(lake)["golden_labels"]] == ["Birds", "Pets"]


def test_a_file_that_could_not_be_read_is_tried_again(
    source: Path, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> bytes:
        if path.startswith(str(source)):
            raise PermissionError("not yours")
        return Path(path).read_bytes()

    with monkeypatch.context() as patch:
        patch.setattr("ingest.storage.local._read_small", refuse)
        assert load(str(source), str(lake)).files_rejected == 3

    assert load(str(source), str(lake)).files_loaded == 3
    assert status(Lake.open(str(lake))).errors == []


def test_a_file_that_is_read_again_gives_its_rows_once(
    tmp_path: Path, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of files that become columns together, one has a time that is none: the others are read again."""
    source = tmp_path / "again"
    write_job(source, "Ants", {number: {"ann": "Ant"} for number in range(4)})
    broken = write_answers(write_job(source, "Bees", {0: {"ann": "Bee"}}), 0, {"ann": "Bee"})
    broken.write_text(broken.read_text().replace("2026-01-02T", "yesterday"))
    # Small numbers, so that the manifest of the first job has more rows than are kept waiting.
    monkeypatch.setattr("ingest.load.work._MANY_ROWS", 3)
    monkeypatch.setattr("ingest.formats.output_manifest._OBJECTS_AT_A_TIME", 2)

    summary = load(str(source), str(lake), Options(processes=1))

    assert (summary.files_loaded, summary.files_rejected) == (6, 1)
    assert "submissionTime: not an ISO 8601 time" in summary.errors[0]["error"]
    rows = current_rows(lake)
    assert summary.rows == sum(map(len, rows.values()))
    assert len(rows["data_objects"]) == 5


@pytest.mark.parametrize("way", ["job", "folder"])
def test_a_folder_in_the_way_can_be_forgotten(way: str, source: Path, lake: Path, tmp_path: Path) -> None:
    aged(write_job(tmp_path / "moved", "Pets", {0: {"dot": "Owl"}}), 0)
    load(str(source), str(lake))
    first = load(str(tmp_path / "moved"), str(lake))
    assert (first.files_skipped, len(first.errors)) == (2, 1)

    place = str(source / "Pets")
    forget(Lake.open(str(lake)), Selection(jobs=["Pets"]) if way == "job" else Selection(uris=[place]))

    assert load(str(tmp_path / "moved"), str(lake)).files_loaded == 2
    assert {"private.us-east-1.dot"} == {answer[2] for answer in answers_of(lake)}


def test_an_interrupted_load_says_so(source: Path, lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ingest.load.run.read_chunk", interrupt)

    done = CliRunner().invoke(cli, ["load", str(source), str(lake)])

    assert done.exit_code == 130
    assert "interrupted" in done.stderr
    assert not any(current_rows(lake).values())


def test_every_entry_says_what_it_is(source: Path, lake: Path) -> None:
    load(str(source), str(lake))

    ledger = read_ledger(open_store(str(lake)))

    manifest = source / "Pets/manifests/output/output.manifest"
    entry = ledger.newest[f"file://{manifest}"]
    assert (entry.job_name, entry.job_uri) == ("Pets", f"file://{source}/Pets")
    assert (entry.file_kind, entry.status) == ("output_manifest", Status.LOADED)
    assert entry.row_count == 4, "two objects and a label on each"
    assert entry.size_bytes == manifest.stat().st_size
    assert entry.modified_at == manifest.stat().st_mtime_ns // 1_000_000
