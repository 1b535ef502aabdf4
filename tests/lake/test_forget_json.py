"""A forgotten worker is cut out of JSON that is kept as written: in every byte of the lake, nothing names them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from ingest.cli import cli
from ingest.identity import worker_key
from ingest.lake.compact import compact
from ingest.lake.forget import Selection, forget
from ingest.lake.json_names import People
from ingest.lake.lake import Lake
from ingest.lake.ledger import Status, new_entry
from ingest.lake.parquet import SCHEMAS, to_batch
from ingest.lake.redaction import Redaction
from ingest.lake.vacuum import vacuum
from ingest.load import plan, run
from ingest.load.plan import Options
from ingest.load.run import load
from ingest.storage.store import StoreError
from ingest.tables import DataObject
from tests.jobs import current_rows, write_answers

ANN, BEN = "private.us-east-1.00000000000000aa", "private.us-east-1.00000000000000bb"
ISSUER, SUB = "https://idp.example/pool", "5d5b1f62-0a1e-4f0c-9d0e-3b8a7c6d5e4f"
USER, EMAIL = "asmith", "ann.smith@example.com"
ANN_KEY = worker_key(ANN, ISSUER, SUB)
NAMES = (ANN, SUB, USER, EMAIL, ANN.rpartition(".")[2])


def vote(worker: str, **fields: Any) -> dict[str, Any]:
    sub = SUB if worker == ANN else "ben"
    metadata = {"identityData": {"identityProviderType": "Cognito", "issuer": ISSUER, "sub": sub}}
    content = {"content": json.dumps({"secret": f"of {worker[-2:]}"})}
    return {"workerId": worker, "annotationData": content, "workerMetadata": metadata, **fields}


def line(value: Any, **passthrough: Any) -> dict[str, Any]:
    metadata = {"type": "groundtruth/custom", "job-name": "labeling-job/votes", "creation-date": "2026-01-02T03:04:05"}
    return {"source-ref": "s3://b/1.jpg", "task": value, "task-metadata": {**metadata, "score": 1.5}, **passthrough}


def lines(*more: dict[str, Any]) -> str:
    votes = [vote(ANN), vote(BEN)]
    by_user = {"by_user": {USER: ["cat"], "ben": ["dog"]}}
    found = [
        line({"annotationsFromAllWorkers": votes, "best": 1.5}),
        line({"request": json.dumps({"annotationsFromAllWorkers": votes, "text": json.dumps(votes)})}),
        line({"best": vote(ANN)}),
        line({"best": vote(BEN)}, note={"reviewers": [f"mailto:{EMAIL}", "mailto:ben@example.com"], **by_user}),
        *more,
    ]
    return "".join(json.dumps(one) + "\n" for one in found)


def write_manifest(job: Path, text: str) -> None:
    path = job / "manifests/output/output.manifest"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def job(tmp_path: Path) -> Path:
    job = tmp_path / "source" / "Votes"
    path = write_answers(job, 0, {ANN.rpartition(".")[2]: "cat", BEN.rpartition(".")[2]: "dog"})
    answers = json.loads(path.read_text())
    answers["answers"][0]["workerMetadata"] = vote(ANN)["workerMetadata"]
    answers["answers"][1]["note"] = {"seen by": [ANN, BEN]}
    path.write_text(json.dumps(answers))
    write_manifest(job, lines())
    return job


@pytest.fixture
def lake(job: Path, tmp_path: Path) -> Lake:
    load(str(job.parent), str(tmp_path / "lake"))
    lake = Lake.open(str(tmp_path / "lake"))
    with lake.begin() as directory:
        row = (directory.id, 0, None, ANN_KEY, ISSUER, SUB, USER, EMAIL, True)
        with directory.part(0) as part:
            part.write("workers", to_batch([row], SCHEMAS["workers"]))
        directory.add([new_entry(directory.id, 0, "users:1", Status.LOADED, row_count=1)])
    return lake


def what_names_ann(folder: Path, names: tuple[str, ...] = NAMES) -> set[tuple[str, str]]:
    """File and name, of every name that is in a value of a Parquet file or in the bytes of any file."""
    found = set()
    for file in (path for path in folder.rglob("*") if path.is_file()):
        texts = [file.read_bytes().decode("latin-1")]
        if file.suffix == ".parquet":
            table = pq.read_table(file)
            # Decompressed, dictionaries included.
            texts += [str(value) for column in table.columns for value in column.to_pylist()]
            texts += [str(pq.read_metadata(file).to_dict())]
        found |= {(file.parent.name, name) for name in names for text in texts if name in text}
    return found


def erase(lake: Lake) -> None:
    compact(lake)
    vacuum(lake, grace_hours=0)


def objects(lake: Lake, column: str) -> list[Any]:
    place = len(("job_name",)) + DataObject._fields.index(column)
    return [row[place] for row in current_rows(lake)["data_objects"]]


@pytest.mark.parametrize("name", [ANN, ANN_KEY, EMAIL])
def test_no_byte_of_the_lake_names_a_forgotten_worker(name: str, lake: Lake, tmp_path: Path) -> None:
    assert {name for _, name in what_names_ann(tmp_path / "lake/raw")} == set(NAMES)

    done = forget(lake, Selection(workers=[name]))
    erase(lake)

    assert what_names_ann(tmp_path / "lake") == set()
    assert "of aa" not in str(current_rows(lake))
    assert (done.workers, done.answers, done.values_dropped) == (1, 2, 1)  # one is in the manifest


def test_what_is_about_others_stays(lake: Lake) -> None:
    before = objects(lake, "value_json")

    forget(lake, Selection(workers=[ANN]))

    votes = [vote(BEN)]
    request = {"annotationsFromAllWorkers": votes, "text": json.dumps(votes, separators=(",", ":"))}
    values = objects(lake, "value_json")
    assert json.loads(values[0]) == {"annotationsFromAllWorkers": votes, "best": 1.5}
    assert _unwrapped(json.loads(json.loads(values[1])["request"])) == _unwrapped(request)
    assert values[2] is None
    assert values[3] == before[3]
    assert json.loads(objects(lake, "passthrough_json")[3]) == {
        "note": {"reviewers": ["mailto:ben@example.com"], "by_user": {"ben": ["dog"]}}
    }
    of_manifest, of_response = sorted(current_rows(lake)["worker_answers"], key=lambda answer: "seen by" in str(answer))
    assert "seen by" not in str(of_manifest)
    assert json.loads(of_response[-1]) == {"note": {"seen by": [BEN]}}


def _unwrapped(request: dict[str, Any]) -> dict[str, Any]:
    return {**request, "text": json.loads(request["text"])}


def test_later_loads_leave_out_what_the_id_or_the_identity_says(lake: Lake, job: Path, tmp_path: Path) -> None:
    forget(lake, Selection(workers=[ANN]))
    erase(lake)
    hidden = json.dumps(vote(ANN)).replace("private", "\\u0070rivate").replace(SUB, f"\\u00{ord(SUB[0]):x}{SUB[1:]}")
    nobody = {key: value for key, value in vote(ANN).items() if key != "workerId"}
    more = [line({"votes": [nobody, vote(BEN)]}), line({"votes": ["?", vote(BEN)]})]
    write_manifest(job, lines(*more).replace('"?"', hidden))
    (job.parent / "Votes2").mkdir()
    write_manifest(job.parent / "Votes2", lines())

    load(str(job.parent), lake.uri)

    values = objects(lake, "value_json")
    assert len(values) == 10
    assert [json.loads(value)["votes"] for value in values[4:6]] == [[vote(BEN)]] * 2
    assert what_names_ann(tmp_path / "lake", (ANN, SUB)) == set()


@pytest.mark.parametrize("processes", [1, 2])
def test_whatever_command_drops_values_says_how_many(
    processes: int, lake: Lake, job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The best answer is Ann's, and is a value of its own."""
    monkeypatch.setattr(plan, "_CHUNK_BYTES", 1)
    forget(lake, Selection(workers=[ANN]))
    write_manifest(job, lines(line({"best": vote(ANN)})))

    summary = load(str(job.parent), lake.uri, Options(processes=processes))

    assert (summary.files_loaded, summary.values_dropped) == (1, 2)
    done = CliRunner().invoke(cli, ["load", str(job.parent), str(tmp_path / "again")])
    assert "NULL" not in done.stdout
    # A load that did not know of it: what it committed is found by the next command.
    late = Lake.open(str(tmp_path / "again"))
    forget(late, Selection(workers=[ANN]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "Redaction", lambda _: Redaction())
        write_manifest(job, lines())
        load(str(job.parent), late.uri)
    done = CliRunner().invoke(cli, ["compact", late.uri])
    assert done.stdout.endswith(
        "loads merged into one; 1 JSON values named forgotten workers as a whole and are NULL\n"
    )


def test_a_worker_whom_only_json_names(job: Path, tmp_path: Path) -> None:
    (job / "annotations/worker-response/iteration-1/0/2026-01-02_03:05:00.json").unlink()
    write_manifest(job, lines().partition("\n")[2])  # the first line's result keeps answers
    load(str(job.parent), str(tmp_path / "lake"))
    lake = Lake.open(str(tmp_path / "lake"))
    with pytest.raises(StoreError, match=f"^no worker {ANN}0 in the lake$"):
        forget(lake, Selection(workers=[f"{ANN}0"]))

    done = forget(lake, Selection(workers=[ANN]))
    erase(lake)

    assert (done.workers, done.answers) == (1, 0)
    assert what_names_ann(tmp_path / "lake", (ANN, SUB)) == set()


def test_a_load_that_names_nobody_forgotten_keeps_every_byte(lake: Lake, job: Path) -> None:
    forget(lake, Selection(workers=[ANN]))
    written = '{"votes" : [ {"workerId": "\\u0062en", "score": 1.50} ],"note":"[no JSON"}'
    write_manifest(job, lines(line("?")).replace('"?"', written))

    load(str(job.parent), lake.uri)

    assert objects(lake, "value_json")[4] == written


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (f'["{ANN}", 1.50]', "[1.50]"),
        (f'[{{"a":{{"b":"{ANN}"}}}},2]', "[2]"),
        (f'["\\u0070{ANN[1:]}",2]', "[2]"),
        (f'{{"{ANN}":1,"b":2.0}}', '{"b":2.0}'),
        (f'{{"w":"{ANN}","w":"x"}}', None),
        (f"s3://b/{ANN}/1.json", None),
        (ANN, None),
        (f'"{ANN}"', None),
        ("[" * 3000 + f'"{ANN}"' + "]" * 3000, None),
        ('["asmith", "blacksmith", "asmith went"]', '["blacksmith","asmith went"]'),
        ('["an asmithy"]', '["an asmithy"]'),
        (f'["see {EMAIL}.", "x{EMAIL}"]', f'["x{EMAIL}"]'),
    ],
)
def test_what_is_cut(written: str, kept: str | None) -> None:
    assert People(frozenset({worker_key(ANN)}), frozenset({USER, EMAIL})).cut(written) == kept
