"""From a Ground Truth output tree to the marts: their figures are those of the JSON, read here without the loader."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml  # type: ignore[import-untyped]

from ingest.load.run import load
from ingest.sample import generate
from ingest.tables import LEDGER, OVERLAPS, TABLES
from tests.jobs import write_answers, write_job
from tests.pipeline.warehouse import ROOT, Marts, dbt
from tests.queries import queries

# They do not read the lake: once, for the marts of the sample, is enough.
WITHOUT_UNIT_TESTS = ("--exclude-resource-type", "unit_test")

TRACKING, AUDIT, IMAGES = "Vehicle-Tracking", "Vehicle-Tracking-Audit", "Wildlife-Images"

# Job, kind and whose labels it reviews, of the jobs that make no labels.
REVIEWING = {
    "Bird-Review": ("review", None),
    "Crossing-Tracks-Adjusted": ("adjustment", "Crossing-Tracks"),
    "Lidar-Cuboids-Adjusted": ("adjustment", "Lidar-Cuboids"),
    "Lidar-Cuboids-Audit": ("audit", "Lidar-Cuboids"),
    "Plant-Masks-Adjusted": ("adjustment", "Plant-Masks"),
    "Vehicle-Tracking-Audit": ("audit", "Vehicle-Tracking"),
    "Warehouse-Boxes-Adjusted": ("adjustment", "Warehouse-Boxes"),
    "Warehouse-Boxes-Check": ("verification", "Warehouse-Boxes"),
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("sample") / "output"
    generate(source, objects=60)
    return source


@pytest.fixture(scope="module")
def marts(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Marts:
    """Marts of the sample; every dbt test passed, or there are none."""
    folder = tmp_path_factory.mktemp("marts")
    load(str(source), str(folder / "lake"))
    responses = source / "aws-responses"
    members = f"labelers={responses / 'list-users-in-group.json'}"
    for arguments in (
        ("sync-workers", folder / "lake", "--from", responses / "workers", "--members", members),
        ("sync-activity", folder / "lake", "--from", responses / "worker-activity.jsonl"),
    ):
        subprocess.run(
            [sys.executable, "-m", "ingest", *map(str, arguments)], cwd=ROOT, capture_output=True, check=True
        )
    return Marts(folder / "lake", folder)


def answers(source: Path) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Job, data object and answer, of every sound file; with the identity that the worker's id has elsewhere."""
    found = [*_written_answers(source)]
    identities: dict[str, dict[str, Any]] = {}
    for _, _, answer in found:
        if "workerMetadata" in answer:
            identity = identities.setdefault(answer["workerId"], answer["workerMetadata"])
            assert identity == answer["workerMetadata"]
    for job, index, answer in found:
        known = identities.get(answer["workerId"])
        yield job, index, answer | ({"workerMetadata": known} if known else {})


def _written_answers(source: Path) -> Iterator[tuple[str, int, dict[str, Any]]]:
    for path in source.glob("*/annotations/worker-response/*/*/*.json"):
        try:
            content = json.loads(path.read_text())
        except json.JSONDecodeError:
            continue
        for answer in content["answers"]:
            yield path.parts[-6], int(path.parts[-2]), answer
    for path in source.glob("*/annotations/consolidated-annotation/consolidation-request/*/*.json"):
        for entry in json.loads(path.read_text()):
            for answer in entry["annotations"]:
                yield path.parts[-6], int(entry["datasetObjectId"]), answer


def manifest(source: Path, job: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (source / job / "manifests/output/output.manifest").read_text().splitlines()]


def frames(source: Path, job: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Sequence and frame, of every frame of a job."""
    for path in (source / job).glob("annotations/consolidated-annotation/output/*/SeqLabel.json"):
        for frame in json.loads(path.read_text())["tracking-annotations"]:
            yield int(path.parts[-2]), frame


def who(answer: dict[str, Any]) -> str:
    """A worker's subject at the identity provider, or id where the answer tells no identity."""
    name: str = answer["workerMetadata"]["identityData"]["sub"] if "workerMetadata" in answer else answer["workerId"]
    return name


def test_staging_has_the_columns_of_every_raw_table(marts: Marts) -> None:
    """In order, and then the row's file: a column that the loader gains is in its staging view without an edit.

    Overlaps have the keys of their two labels too, and their rank among rows of the same pair.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for view, column in marts.rows("""
        select table_name, column_name from information_schema.columns
        where table_schema = 'main_staging' and table_name like 'stg_%' order by table_name, ordinal_position
    """):
        found[view.removeprefix("stg_ground_truth__")].append(column)

    expected = {name: [*table.schema.names, "source_file_uri"] for name, table in TABLES.items()}
    expected[OVERLAPS] += ["label_key", "other_label_key", "pair_rank"]
    assert found == expected | {LEDGER.name: LEDGER.schema.names}


def test_jobs_that_review_labels_name_the_job_that_made_them(marts: Marts) -> None:
    for mart in ("dim_labeling_jobs", "fct_object_labels", "fct_worker_tasks", "rpt_worker_jobs", "rpt_load_health"):
        found = marts.rows(
            f"select distinct job_name, job_kind, audited_job_name from {mart} where job_kind <> 'label'"
        )
        assert {job: (kind, audited) for job, kind, audited in found} == REVIEWING, mart


def test_names_of_people_are_in_the_schema_of_their_own_only(source: Path, marts: Marts) -> None:
    """Whatever the directory of workers and the forms of the answers hold, no text of another mart contains a name."""
    users = json.loads((source / "aws-responses/list-users-in-group.json").read_text())["Users"]
    emails = [attribute["Value"] for user in users for attribute in user["Attributes"] if attribute["Name"] == "email"]
    names = [*(user["Username"] for user in users), *emails]

    columns = marts.rows("""
        select table_schema, table_name, column_name from information_schema.columns
        where table_schema in ('main', 'main_people') and data_type = 'VARCHAR'
    """)
    naming = {
        (schema, mart, column)
        for schema, mart, column in columns
        if marts.one(f"""
            select count(*) from {schema}.{mart} as mart cross join unnest({names}) as names (name)
            where strpos(mart."{column}", name) > 0
        """)
    }

    assert len(names) > 10
    assert naming == {("main_people", "dim_workers", "username"), ("main_people", "dim_workers", "email")}


def test_time_and_tasks_of_every_worker(source: Path, marts: Marts) -> None:
    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    jobs: dict[tuple[str, str], set[str]] = defaultdict(set)
    tasks = Counter[tuple[str, str]]()
    for job, _, answer in answers(source):
        work = who(answer), REVIEWING.get(job, ("label", None))[0]
        jobs[work].add(job)
        tasks[work] += 1
        if "timeSpentInSeconds" in answer:
            times[work].append(answer["timeSpentInSeconds"])

    found = marts.rows("""
        select coalesce(identity_sub, worker_id), job_kind, job_count, task_count, timed_task_count,
            total_time_seconds, min_time_seconds, mean_time_seconds, max_time_seconds
        from rpt_workers inner join main_people.dim_workers using (worker_key)
    """)

    expected = {
        work: (len(jobs[work]), tasks[work], len(spent), sum(spent), min(spent), sum(spent) / len(spent), max(spent))
        for work, spent in times.items()
    }
    assert {row[:2]: pytest.approx(row[2:]) for row in found if row[4]} == expected
    timeless = {work: (len(jobs[work]), tasks[work]) for work in tasks.keys() - times.keys()}
    assert {row[:2]: row[2:4] for row in found if not row[4]} == timeless
    assert timeless


def test_the_team_is_the_sum_of_its_workers(source: Path, marts: Marts) -> None:
    given: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for job, _, answer in answers(source):
        given[REVIEWING.get(job, ("label", None))[0]].append(answer)

    found = marts.rows("""
        select job_kind, task_count, total_time_seconds, worker_count from rpt_team where modality = 'all'
    """)

    assert {row[0]: pytest.approx(row[1:]) for row in found} == {
        kind: (
            len(answers_of_kind),
            sum(answer.get("timeSpentInSeconds", 0) for answer in answers_of_kind),
            len({who(answer) for answer in answers_of_kind}),
        )
        for kind, answers_of_kind in given.items()
    }


def test_accuracy_of_image_classification(source: Path, marts: Marts) -> None:
    golden = {
        int(index): label
        for line in (source / IMAGES / "golden.manifest").read_text().splitlines()
        for index, label in json.loads(line).items()
    }
    consolidated = {
        index: line[f"{IMAGES}-metadata"].get("class-name")
        for index, line in enumerate(manifest(source, IMAGES))
        if f"{IMAGES}-metadata" in line
    }
    right: dict[str, list[bool]] = defaultdict(list)
    agree: dict[str, list[bool]] = defaultdict(list)
    agree_with_others: dict[str, list[bool]] = defaultdict(list)
    given = [(index, answer) for job, index, answer in answers(source) if job == IMAGES]
    workers: dict[int, set[str]] = defaultdict(set)
    for index, answer in given:
        workers[index].add(who(answer))
    for index, answer in given:
        label = answer["answerContent"]["crowd-image-classifier"]["label"]
        if index in golden:
            right[who(answer)].append(label == golden[index])
        if consolidated.get(index) is not None:
            agree[who(answer)].append(label == consolidated[index])
            if len(workers[index]) > 1:
                agree_with_others[who(answer)].append(label == consolidated[index])

    found = marts.rows(f"""
        select identity_sub, golden_count, golden_accuracy, aws_notebook_count, aws_notebook_agreement,
            consolidated_count, consolidated_agreement
        from rpt_worker_jobs inner join main_people.dim_workers using (worker_key)
        where job_name = '{IMAGES}'
    """)

    assert len(found) > 5
    for worker, *figures in found:
        for verdicts in (right, agree, agree_with_others):
            count, share, *figures = figures
            assert count == len(verdicts[worker])
            assert share == (pytest.approx(sum(verdicts[worker]) / count) if count else None)


def test_labels_objects_and_failures_of_every_job(source: Path, marts: Marts) -> None:
    for job in (path.parts[-4] for path in source.glob("*/manifests/output/output.manifest")):
        lines = manifest(source, job)
        (attribute,) = {
            key
            for line in lines
            for key, value in line.items()
            if key.endswith("-metadata") and value.get("job-name") == f"labeling-job/{job.lower()}"
        }
        metadata = [line.get(attribute) for line in lines]
        failed = sum(entry is not None and "failure-reason" in entry for entry in metadata)

        (row,) = marts.rows(f"""
            select label_attribute_name, object_count, labeled_count, failed_count, unlabeled_count
            from dim_labeling_jobs where job_name = '{job}'
        """)

        unlabeled = metadata.count(None)
        labeled = len(lines) - failed - unlabeled
        assert row == (attribute.removesuffix("-metadata"), len(lines), labeled, failed, unlabeled)


def test_frames_and_their_attributes(source: Path, marts: Marts) -> None:
    for job in (TRACKING, AUDIT):
        counts = Counter(frame["frame-attributes"]["Frame_Quality"] for _, frame in frames(source, job))
        empty = sum(not frame["annotations"] for _, frame in frames(source, job))

        values = marts.rows(f"""
            select attribute_value, frame_count from rpt_attribute_values
            where job_name = '{job}' and scope = 'frame' and attribute_name = 'Frame_Quality'
        """)
        columns = marts.rows(f"""
            select frame_quality, count(*) from fct_frames where job_name = '{job}' group by frame_quality
        """)

        assert dict(values) == dict(columns) == counts
        assert marts.one(f"select count(*) from fct_frames where job_name = '{job}' and annotation_count = 0") == empty
        assert empty > 0


def test_frames_per_label_and_filtering_by_attribute(source: Path, marts: Marts) -> None:
    labels: dict[str, set[tuple[int, str]]] = defaultdict(set)
    moving: Counter[str] = Counter()
    for sequence, frame in frames(source, TRACKING):
        for annotation in frame["annotations"]:
            label = annotation["object-name"].partition(":")[0]
            labels[label].add((sequence, frame["frame-no"]))
            moving[label] += annotation["label-category-attributes"]["Moving"] == "Yes"

    frames_of = marts.rows(f"""
        select label, sum(frame_count) from rpt_labels where job_name = '{TRACKING}' group by label
    """)
    moving_of = marts.rows(f"""
        select label, count(*) from fct_annotations
        where job_name = '{TRACKING}' and moving = 'Yes' and not is_inherited group by label
    """)

    assert dict(frames_of) == {label: len(places) for label, places in labels.items()}
    assert dict(moving_of) == +moving


def test_audit_results_per_label(source: Path, marts: Marts) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    for _, frame in frames(source, AUDIT):
        for annotation in frame["annotations"]:
            label = annotation["object-name"].partition(":")[0]
            expected[label, annotation["label-category-attributes"]["audit"]] += 1

    found = marts.rows(f"""
        select label, outcome, annotation_count from rpt_audit_results
        where job_name = '{AUDIT}' and outcome_kind = 'attribute'
    """)

    assert {(label, outcome): count for label, outcome, count in found} == expected


def test_the_broken_file_is_reported(source: Path, marts: Marts) -> None:
    rows = marts.rows("select job_name, rejected_count, last_error from rpt_load_health where rejected_count > 0")

    ((job, count, error),) = rows
    assert (job, count) == (IMAGES, 1)
    assert f"file://{source}/{IMAGES}/annotations/worker-response/" in error


def test_the_demo_shows_every_question(marts: Marts, tmp_path_factory: pytest.TempPathFactory) -> None:
    warehouse = marts.one("select path from duckdb_databases() where database_name = 'warehouse'")

    shown = subprocess.run(
        [sys.executable, "demo/show_marts.py", "--all"],
        cwd=ROOT,
        env={"GT_WAREHOUSE": warehouse},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    for mart in ("dim_labeling_jobs", "rpt_workers", "rpt_team", "rpt_audit_results", "rpt_labels", "rpt_load_health"):
        assert f"({mart}" in shown


def test_the_file_is_one_that_clients_of_duckdb_1_4_open(marts: Marts) -> None:
    assert "v1.4.0" in marts.one(
        "select cast(tags as varchar) from duckdb_databases() where database_name = 'warehouse'"
    )


def test_metrics_are_the_figures_of_the_marts(marts: Marts, tmp_path: Path) -> None:
    """MetricFlow, on a copy of the warehouse and a project of links: it writes into the project's own folder."""
    for name in ("dbt_project.yml", "models", "macros", "seeds", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
    warehouse = marts.one("select path from duckdb_databases() where database_name = 'warehouse'")
    shutil.copy(warehouse, tmp_path / "copy.duckdb")
    shutil.copy(ROOT / "profiles.yml.example", tmp_path / "profiles.yml")
    environment = os.environ | {"GT_WAREHOUSE": str(tmp_path / "copy.duckdb"), "DBT_PROFILES_DIR": str(tmp_path)}
    metrics = [
        metric["name"]
        for metric in yaml.safe_load((ROOT / "models/semantic/_semantic__metrics.yml").read_text())["metrics"]
    ]
    query = ["mf", "query", "--metrics", ",".join(metrics), "--group-by", "job__job_kind", "--csv", "out.csv"]
    for command in (["dbt", "--quiet", "parse", "--target", "local"], query):
        program = str(Path(sys.executable).with_name(command[0]))
        subprocess.run([program, *command[1:]], cwd=tmp_path, env=environment, capture_output=True, check=True)

    with (tmp_path / "out.csv").open(newline="") as file:
        found = {row.pop("job__job_kind"): row for row in csv.DictReader(file)}
    expected = {
        "answers": "select job_kind, task_count from rpt_team where modality = 'all'",
        "workers": "select job_kind, worker_count from rpt_team where modality = 'all'",
        "hours": "select job_kind, sum(active_hours) from rpt_jobs group by 1",
        "mean_time_seconds": "select job_kind, mean_time_seconds from rpt_team where modality = 'all'",
        "golden_answers": "select job_kind, golden_count from rpt_team where modality = 'all'",
        "golden_accuracy": "select job_kind, golden_accuracy from rpt_team where modality = 'all'",
        "consolidated_agreement": "select job_kind, consolidated_agreement from rpt_team where modality = 'all'",
        "peer_agreement": "select job_kind, peer_agreement from rpt_team where modality = 'all'",
        "labels": "select job_kind, sum(made_count) from rpt_labels group by 1",
        "labels_reviewed": "select job_kind, sum(reviewed_count) from rpt_labels group by 1",
        "objects_finished": "select job_kind, sum(finished_count) from rpt_job_days group by 1",
    }
    assert expected.keys() == set(metrics)
    for metric, sql in expected.items():
        figures = {kind: value for kind, value in marts.rows(sql) if value is not None}
        shown = {kind: float(row[metric]) for kind, row in found.items() if row[metric] != ""}
        assert shown == pytest.approx(figures), metric
    assert float(found["label"]["golden_accuracy"]) < 1


def test_the_queries_of_the_readme(marts: Marts) -> None:
    readme = (ROOT / "README.md").read_text()
    (ranking,) = re.findall(r"marts\.sql\('''(.*?)'''\)", readme, re.DOTALL)
    (filtered,) = re.findall(r"`(select \* from fct_annotations [^`]*)`", readme)

    assert marts.rows(filtered)
    # The team, and the three specialists.
    assert [len(row) for row in marts.rows(ranking.replace(">= 20", ">= 1"))] == [5] * (12 + 3)


def test_a_lake_that_holds_nothing_sound_gives_empty_marts(tmp_path: Path) -> None:
    job = write_job(tmp_path / "source", "Pets", {})
    write_answers(job, 0, {"ann": "Cat"}).write_text("{")
    load(str(tmp_path / "source"), str(tmp_path / "lake"))

    marts = Marts(tmp_path / "lake", tmp_path / "marts", *WITHOUT_UNIT_TESTS)

    assert marts.rows("select job_name, object_count, answer_count from dim_labeling_jobs") == [("Pets", 0, 0)]
    assert marts.rows("select job_name, rejected_count from rpt_load_health") == [("Pets", 1)]
    assert marts.one("select count(*) from fct_worker_tasks") == 0


def test_a_mistyped_lake_empties_no_marts(tmp_path: Path) -> None:
    said = dbt("run", "--target", "local", lake=tmp_path / "lale", folder=tmp_path / "marts", fails=True)

    assert f"GT_LAKE: nothing is loaded in '{tmp_path / 'lale'}'" in said


def test_the_lake_is_a_path_and_no_pattern(tmp_path: Path) -> None:
    lakes = {name: tmp_path / name for name in ("a[1]'", "a1'", "b*[!c]?", "bx[!c]y")}
    for name, lake in lakes.items():
        write_job(tmp_path / "source" / name, name.encode().hex(), {0: {"ann": "Cat"}})
        load(str(tmp_path / "source" / name), str(lake))

    for name in ("a[1]'", "b*[!c]?"):
        folder = tmp_path / name.encode().hex()
        dbt("run", "--target", "local", "--select", "stg_ground_truth__source_files", lake=lakes[name], folder=folder)
        with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
            found = connection.sql("select distinct job_name from ground_truth_raw.source_files").fetchall()
        assert found == [(name.encode().hex(),)]


def test_a_second_run_takes_what_is_new(tmp_path: Path) -> None:
    job = write_job(tmp_path / "source", "Pets", {0: {"ann": "Cat", "ben": "Dog"}})
    lake, folder = tmp_path / "lake", tmp_path / "marts"
    load(str(tmp_path / "source"), str(lake))
    dbt("build", "--target", "local", "--resource-type", "model", "seed", lake=lake, folder=folder)
    write_answers(job, 0, {"ann": "Cat", "ben": "Cat", "cam": "Cat"})
    load(str(tmp_path / "source"), str(lake))

    marts = Marts(lake, folder, *WITHOUT_UNIT_TESTS)

    assert marts.one("select count(*) from fct_worker_tasks") == 3
    assert marts.one("select consolidated_agreement from rpt_team where modality = 'all'") == 1.0


def test_one_attribute_column_need_not_be_a_list(tmp_path: Path) -> None:
    write_job(tmp_path / "source", "Pets", {0: {"ann": "Cat"}})
    load(str(tmp_path / "source"), str(tmp_path / "lake"))

    dbt(
        *("build", "--target", "local", "--resource-type", "model", "seed", "--select", "+fct_frames"),
        *("--vars", "{frame_attribute_columns: Fur Color, attribute_columns: Paw}"),
        lake=tmp_path / "lake",
        folder=tmp_path,
    )

    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
        columns = [column[0] for column in connection.execute("select * from fct_frames").description or ()]
    assert columns[-2:] == ["source_file_uri", "fur_color"]


def test_the_worker_accuracy_example_of_aws(tmp_path: Path) -> None:
    """Figures of AWS's notebook "Identify Worker Labeling Efficiency using SageMaker GroundTruth".

    One worker annotated 3 objects, 2 of them golden: accuracy 1.0, agreement with the consolidated label 1.0.
    The other: golden accuracy 0.75, agreement 0.80.
    """
    both = {number: {"PDC": "animal", "QRS": "animal"} for number in (0, 3)}
    alone = {number: {"QRS": "person"} for number in (1, 2)}
    job = write_job(tmp_path / "source", "person-animal-plant", both | alone | {4: {"PDC": "plant", "QRS": "person"}})
    golden = {0: "animal", 1: "person", 2: "person", 4: "plant"}
    (job / "golden.manifest").write_text(
        "".join(json.dumps({number: label}) + "\n" for number, label in golden.items())
    )
    load(str(tmp_path / "source"), str(tmp_path / "lake"))

    marts = Marts(tmp_path / "lake", tmp_path / "marts", *WITHOUT_UNIT_TESTS)

    found = marts.rows("""
        select worker_id, task_count, golden_count, golden_accuracy, aws_notebook_agreement,
            consolidated_count, consolidated_agreement
        from rpt_workers inner join main_people.dim_workers using (worker_key)
        order by worker_id
    """)
    assert found == [
        ("private.us-east-1.PDC", 3, 2, 1.0, 1.0, 3, 1.0),
        # Of the 5, two are objects that nobody else answered: what is left of its agreement is 2 of 3.
        ("private.us-east-1.QRS", 5, 4, 0.75, 0.8, 3, pytest.approx(2 / 3)),
    ]


@pytest.mark.parametrize("question", queries())
def test_every_question_of_the_page_has_an_answer(marts: Marts, question: str) -> None:
    assert marts.rows(queries()[question])
