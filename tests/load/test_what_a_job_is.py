"""A folder is a job if results or answers are in it; what is about a job belongs to it wherever it lies."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest.cli import cli
from ingest.lake.lake import Lake
from ingest.lake.ledger import read_ledger
from ingest.lake.status import status
from ingest.load.plan import Options
from ingest.load.run import load
from ingest.storage.open import open_store
from ingest.storage.store import StoreError
from tests.jobs import answers_of, current_rows, write_job

CONFIG = '{"labels":[{"label":"Cat"},{"label":"Dog"}]}'
GOLDEN = '{"0":"Cat"}\n'


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_job(tmp_path / "source/output", "Pets", {0: {"ann": "Cat", "ben": "Dog"}, 1: {"ann": "Dog"}})
    return tmp_path / "source"


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def jobs(lake: Path) -> list[str]:
    return [job.job_name for job in status(Lake.open(str(lake))).jobs]


def counts(lake: Path) -> dict[str, int]:
    """Rows by table, of those that have any."""
    return {table: len(rows) for table, rows in current_rows(lake).items() if rows}


@pytest.mark.parametrize("folder", ["input/Pets", "output/Pets", "output/Pets/annotation-tool"])
def test_a_config_belongs_to_the_job_of_its_folders_name(folder: str, source: Path, lake: Path) -> None:
    """Whether it is listed before the job or after it."""
    name = "any name.json" if folder.endswith("annotation-tool") else "label_category_config.json"
    write(source / folder / name, CONFIG)
    found = load(str(source), str(lake))
    assert (found.files_loaded, found.files_skipped, found.files_rejected, found.jobs) == (4, 0, 0, ["Pets"])
    assert jobs(lake) == ["Pets"]
    assert counts(lake) == {"annotations": 2, "data_objects": 2, "label_categories": 2, "labeling_jobs": 1} | {
        "worker_annotations": 3,
        "worker_answers": 3,
    }
    again = load(str(source), str(lake))
    assert (again.load_id, again.files_unchanged) == (None, 4)


def test_golden_answers_come_later_and_from_another_source(source: Path, lake: Path) -> None:
    load(str(source), str(lake))
    write(source.parent / "truth/Pets/golden.manifest", GOLDEN)
    assert load(str(source.parent / "truth"), str(lake)).files_loaded == 1
    assert (jobs(lake), counts(lake)["golden_labels"]) == (["Pets"], 1)


@pytest.mark.parametrize("path", ["label_category_config.json", "inputs/golden.manifest", "x/review-batches/a.json"])
def test_what_is_about_no_job_makes_none(path: str, source: Path, lake: Path) -> None:
    """It is ignored, and read once there is such a job."""
    write(source / path, CONFIG)
    found = load(str(source), str(lake))
    assert (found.files_loaded, found.files_ignored, found.jobs) == (3, 1, ["Pets"])
    assert jobs(lake) == ["Pets"]


def test_alone_it_is_no_source(lake: Path, tmp_path: Path) -> None:
    write(tmp_path / "source/Pets/golden.manifest", GOLDEN)
    with pytest.raises(StoreError, match="no labeling job under"):
        load(str(tmp_path / "source"), str(lake))


def test_another_json_of_the_annotation_tool_is_no_config(source: Path, lake: Path) -> None:
    write(source / "output/Pets/annotation-tool/template.json", '{"version": 1}')
    assert load(str(source), str(lake)).files_loaded == 4
    assert "labeling_jobs" not in counts(lake)


def test_a_namespace_tells_folders_of_one_name_apart(source: Path, lake: Path) -> None:
    write_job(source.parent / "backup", "Pets", {0: {"cid": "Owl"}})
    write(source.parent / "backup/Pets/golden.manifest", GOLDEN)
    load(str(source), str(lake))
    found = load(str(source.parent / "backup"), str(lake), Options(namespace="backup"))
    assert (found.files_loaded, found.files_skipped, found.jobs) == (3, 0, ["backup/Pets"])
    assert jobs(lake) == ["Pets", "backup/Pets"]
    workers = {(job_name, worker.rpartition(".")[2]) for job_name, _, worker, _ in answers_of(lake)}
    assert workers == {("Pets", "ann"), ("Pets", "ben"), ("backup/Pets", "cid")}
    names = {row[0]: row for row in current_rows(lake)["data_objects"]}
    assert "backup/pets" in names["backup/Pets"], "what its manifest calls the job is within the namespace"
    assert "pets" in names["Pets"]


@pytest.mark.parametrize("namespace", ["a/b", "", " x", "../x"])
def test_a_namespace_is_a_name(namespace: str, source: Path, lake: Path) -> None:
    done = CliRunner().invoke(cli, ["load", str(source), str(lake), "--namespace", namespace])
    assert done.exit_code == (2 if namespace else 0)
    assert ("expected letters, digits, - and _" in done.output) == bool(namespace)


def test_a_job_that_was_moved_is_the_same_job(source: Path, lake: Path) -> None:
    """And again if it is moved back."""
    load(str(source), str(lake))
    before = current_rows(lake)
    places = ["output/Pets", "zz-archive/2025/Pets", "a/Pets", "output/Pets"]
    for old, new in itertools.pairwise(places):
        (source / new).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(source / old, source / new)
        found = load(str(source), str(lake))
        assert (found.files_loaded, found.files_skipped) == (3, 0)
        assert current_rows(lake) == before
        owner = read_ledger(open_store(str(lake))).owners["Pets"]
        assert owner.job_uri == f"file://{source}/{new}"
        assert status(Lake.open(str(lake))).errors == []
        assert load(str(source), str(lake)).files_unchanged == 3


def test_a_folder_that_lacks_a_file_is_no_moved_one(source: Path, lake: Path) -> None:
    """What was loaded from the one that is gone stays, and the other is in its way."""
    load(str(source), str(lake))
    before = current_rows(lake)
    shutil.move(source / "output/Pets", source / "zz/Pets")
    shutil.rmtree(source / "zz/Pets/annotations/worker-response/iteration-1/1")
    assert load(str(source), str(lake)).files_skipped == 2
    assert current_rows(lake) == before
