"""What is told, and that it is told once."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from click.testing import CliRunner, Result

from publish.alerts import BODY_BYTES, SUBJECT_LENGTH, Alert, Kind, State, lines, message, news
from publish.cli import cli
from publish.marts import DuckDBMarts
from tests.publish.warehouse import make_warehouse

if TYPE_CHECKING:
    from tests.s3_server import S3Server

NOON = datetime.datetime(2026, 6, 30, 12)
DAY = datetime.timedelta(days=1)
NOTHING, SOMETHING, FAILED, MISUSED = 0, 1, 2, 2


def told(tmp_path: Path, before: State, *, now: datetime.datetime = NOON, **rows: Any) -> tuple[list[str], State]:
    marts = DuckDBMarts(make_warehouse(tmp_path / "marts.duckdb", rows))
    found, after = news(marts, before, now, 3)
    assert State.parse(after.dump()) == after
    return [alert.sentence for alert in found], after


def job(**columns: Any) -> dict[str, Any]:
    row = {"job_name": "Pets", "status": "InProgress", "object_count": 100, "remaining_count": 60}
    return {**row, "last_worked_at": NOON - DAY, **columns}


def flag(worker: str, name: str = "speeder") -> dict[str, Any]:
    row = {"job_name": "Pets", "worker_key": f"{worker}-key", "worker_name": worker, "flag": name}
    return {**row, "observation_count": 30, "explanation": f"{worker}: {name}, 30 of 40 tasks."}


def health(rejected: int) -> dict[str, Any]:
    row = {"job_name": "Pets", "last_loaded_at": NOON, "file_count": 9, "rejected_count": rejected, "skipped_count": 0}
    return {**row, "last_error": "file:///output/Pets/a.json: broken"}


def certificate(is_certified: bool, **columns: Any) -> dict[str, Any]:
    row = {"job_name": "Pets", "label": None, "basis": "audit", "is_certified": is_certified, "target_share": 0.02}
    figures = {"sample_count": 400, "error_count": 5, "error_share_upper": 0.0282, "audits_needed": 180}
    return {**row, **figures, **columns}


def test_a_stuck_job_is_told_once_and_again_if_it_went_on_meanwhile(tmp_path: Path) -> None:
    stuck = job(last_worked_at=NOON - 4 * DAY)
    first, state = told(tmp_path, State(), rpt_jobs=[stuck])
    assert first == [
        "Pets: nobody has answered for 4 days, since 2026-06-26 12:00 UTC; 60 of 100 objects have no label."
    ]
    again, state = told(tmp_path, state, rpt_jobs=[stuck], now=NOON + DAY)
    assert again == []
    on, state = told(tmp_path, state, rpt_jobs=[job(last_worked_at=NOON)], now=NOON + DAY)
    assert on == []
    (anew,), _ = told(tmp_path, state, rpt_jobs=[job(last_worked_at=NOON)], now=NOON + 9 * DAY)
    assert "for 9 days, since 2026-06-30" in anew


def test_a_flag_is_told_once_and_again_if_it_was_gone(tmp_path: Path) -> None:
    one, state = told(tmp_path, State(), rpt_worker_flags=[flag("ann")])
    assert one == ["Pets: ann: speeder, 30 of 40 tasks."]
    more, state = told(tmp_path, state, rpt_worker_flags=[flag("ann"), flag("ann", "returns tasks"), flag("ben")])
    assert more == ["Pets: ben: speeder, 30 of 40 tasks.", "Pets: ann: returns tasks, 30 of 40 tasks."]
    none, state = told(tmp_path, state)
    assert none == []
    assert told(tmp_path, state, rpt_worker_flags=[flag("ann")])[0] == one


def test_refused_files_are_told_if_they_become_more(tmp_path: Path) -> None:
    state = State()
    for rejected, is_told in [(1, True), (1, False), (3, True), (2, False), (3, True), (0, False), (1, True)]:
        sentences, state = told(tmp_path, state, rpt_load_health=[health(rejected)])
        expected = f"Pets: {rejected} of 9 files could not be read. The last: a.json: broken."
        assert sentences == ([expected] if is_told else [])


def test_only_a_certificate_that_there_was_can_be_lost(tmp_path: Path) -> None:
    never, state = told(tmp_path, State(), rpt_label_certificates=[certificate(False)])
    assert never == []
    got, state = told(tmp_path, state, rpt_label_certificates=[certificate(True)])
    assert got == []
    lost, state = told(tmp_path, state, rpt_label_certificates=[certificate(False)])
    assert lost == [
        "Pets: the certificate of all labels (by audit) is lost: 5 of 400 checked labels are wrong, so that up to "
        "2.8 % of all may be; the target is 2.0 %. 180 more checks without an error would prove it again."
    ]
    assert told(tmp_path, state, rpt_label_certificates=[certificate(False)])[0] == []
    _, state = told(tmp_path, State(), rpt_label_certificates=[certificate(True, label="Cat")])
    other = certificate(False, label="Dog", error_share_upper=None, audits_needed=None)
    assert told(tmp_path, state, rpt_label_certificates=[other, certificate(True, label="Cat")])[0] == []


def finish(at: datetime.datetime, **columns: Any) -> dict[str, Any]:
    return job(finish_low_at=at, finish_high_at=at + 5 * DAY, **columns)


@pytest.mark.parametrize(
    ("days_left", "slip", "is_late"),
    [(2, 0.9, False), (2, 1.1, True), (50, 9, False), (50, 11, True), (50, -9, False)],
)
def test_a_finish_slips_by_more_than_a_day_and_a_fifth(
    tmp_path: Path, days_left: float, slip: float, is_late: bool
) -> None:
    then = NOON - DAY + days_left * DAY
    _, state = told(tmp_path, State(), rpt_jobs=[finish(then)])
    sentences, _ = told(tmp_path, state, rpt_jobs=[finish(then + slip * DAY)])
    assert bool(sentences) == is_late


def test_a_finish_that_slips_slowly_is_told_in_the_end_and_then_from_there(tmp_path: Path) -> None:
    _, state = told(tmp_path, State(), rpt_jobs=[finish(NOON + 3 * DAY)])
    none, state = told(tmp_path, state, rpt_jobs=[finish(NOON + 3.6 * DAY)])
    assert none == []
    none, state = told(tmp_path, state, rpt_jobs=[job()])  # no forecast today
    assert none == []
    late, state = told(tmp_path, state, rpt_jobs=[finish(NOON + 4.2 * DAY, last_worked_at=NOON, remaining_count=50)])
    assert late == [
        "Pets: will be done on 2026-07-04 at the earliest, on 2026-07-09 at the latest: 1.2 days later than was "
        "estimated on 2026-06-29; 50 objects have no label."
    ]
    assert told(tmp_path, state, rpt_jobs=[finish(NOON + 4.2 * DAY)])[0] == []
    (endless,), _ = told(tmp_path, state, rpt_jobs=[{**finish(NOON + 9 * DAY), "finish_high_at": None}])
    assert "at the earliest, and may never be: 4.8 days later" in endless


def test_a_job_that_is_over_is_forgotten(tmp_path: Path) -> None:
    _, state = told(tmp_path, State(), rpt_jobs=[finish(NOON)])
    _, state = told(tmp_path, state, rpt_jobs=[job(status="Completed")])
    assert state == State()


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"version": 2}', b'{"version": 1, "finishes": {}, "other": 1}'])
def test_another_file_is_no_state(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        State.parse(data)


def test_a_message_is_as_short_as_sns_takes_it() -> None:
    alerts = [Alert(kind, "Pets", "Ünïcode, in a sentence of its own") for kind in Kind for _ in range(2_000)]
    subject, body = message(alerts)
    assert subject.isascii()
    assert len(subject) <= SUBJECT_LENGTH
    assert (
        subject
        == (
            "Ground Truth Analytics: 10000 new (stuck 2000, files 2000, worker 2000, certificate 2000, finish 2000)"[
                :100
            ]
        )
    )
    assert BODY_BYTES - 1_000 < len(body.encode()) <= BODY_BYTES
    told = body.count("\n")
    assert body.endswith(f"… and {10_000 - told:,} more.")


def test_a_line_is_one_line_and_moves_no_cursor() -> None:
    assert lines([Alert(Kind.FILES, "Pets", "a\x1b[2Jb\nc\u202ed")]) == ["a [2Jb c d"]


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(cli, ["alerts", *arguments], env=environment, catch_exceptions=False)


@pytest.fixture
def warehouse(tmp_path: Path) -> str:
    return make_warehouse(
        tmp_path / "marts.duckdb", {"rpt_worker_flags": [flag("ann")], "rpt_load_health": [health(1)]}
    )


def test_the_second_run_is_silent(tmp_path: Path, warehouse: str) -> None:
    state = tmp_path / "state.json"
    arguments = ("--warehouse", warehouse, "--state", str(state))
    dry = run(*arguments, "--dry-run")
    assert not state.exists()
    first = run(*arguments)
    assert (first.exit_code, first.stdout.splitlines()) == (
        SOMETHING,
        ["Pets: ann: speeder, 30 of 40 tasks.", "Pets: 1 of 9 files could not be read. The last: a.json: broken."],
    )
    assert dry.output == first.output
    kept = state.read_bytes()
    second = run(*arguments)
    assert (second.exit_code, second.output) == (NOTHING, "")
    assert state.read_bytes() == kept
    as_json = run(*arguments, "--json")
    assert (as_json.exit_code, json.loads(as_json.stdout)) == (NOTHING, {"alerts": []})


def test_alerts_for_machines(tmp_path: Path, warehouse: str) -> None:
    found = json.loads(run("--warehouse", warehouse, "--state", str(tmp_path / "state"), "--json").stdout)["alerts"]
    assert found[0] == {"kind": "worker", "job_name": "Pets", "sentence": "Pets: ann: speeder, 30 of 40 tasks."}


def test_what_is_wrong_is_said(tmp_path: Path, warehouse: str) -> None:
    missing = run("--warehouse", str(tmp_path / "none"), "--state", str(tmp_path / "state"))
    assert (missing.exit_code, missing.stdout) == (FAILED, "")
    assert "run `dbt build` first" in missing.stderr
    (tmp_path / "state").write_text("{}")
    wrong = run("--warehouse", warehouse, "--state", str(tmp_path / "state"))
    assert wrong.exit_code == FAILED
    assert "expected a state of version 1: name another file, or delete this one" in wrong.stderr
    for arguments in (("--state", "s3://bucket"), ("--state", "x", "--sns-topic", "arn:aws:s3:::bucket"), ()):
        assert run("--warehouse", warehouse, *arguments).exit_code == MISUSED


def test_a_state_that_cannot_be_written_is_said_after_delivery(s3: S3Server, bucket: str, warehouse: str) -> None:
    from tests.s3_server import is_write, refusal

    s3.door = lambda request, proceed: refusal(403, "AccessDenied", "Access Denied") if is_write(request) else proceed()
    failed = run("--warehouse", warehouse, "--state", f"{bucket}/state.json")
    assert failed.exit_code == FAILED
    assert "Pets: ann: speeder, 30 of 40 tasks." in failed.stdout
    assert "the alerts were delivered, and the next run will tell them again" in failed.stderr


@pytest.fixture
def topic(s3: S3Server) -> Iterator[str]:
    sns = boto3.client("sns", region_name="us-east-1")
    arn = sns.create_topic(Name="alerts")["TopicArn"]
    yield arn
    sns.delete_topic(TopicArn=arn)


def sent(arn: str) -> list[tuple[str, str]]:
    """Subject and body of the messages to a topic."""
    from moto.backends import get_backend

    notes = get_backend("sns")["123456789012"]["us-east-1"].topics[arn].sent_notifications
    return [(subject or "", body) for _, body, subject, *_ in notes]


def test_one_message_is_sent_and_the_state_is_kept_on_s3(topic: str, bucket: str, warehouse: str) -> None:
    arguments = ("--warehouse", warehouse, "--state", f"{bucket}/alerts/state.json")
    assert run(*arguments, "--sns-topic", topic, "--dry-run").exit_code == SOMETHING
    assert sent(topic) == []
    printed = run(*arguments, GT_ALERT_TOPIC_ARN=topic)
    assert (printed.exit_code, run(*arguments, "--sns-topic", topic).exit_code) == (SOMETHING, NOTHING)
    assert sent(topic) == [
        ("Ground Truth Analytics: 2 new (worker 1, files 1)", printed.stdout.removesuffix("\n")),
    ]


def test_what_was_not_sent_is_told_again(topic: str, bucket: str, warehouse: str) -> None:
    arguments = ("--warehouse", warehouse, "--state", f"{bucket}/state.json")
    failed = run(*arguments, "--sns-topic", f"{topic}-2")
    assert (failed.exit_code, failed.stdout) == (FAILED, "")
    assert "nothing was sent" in failed.stderr
    assert run(*arguments, "--sns-topic", topic).exit_code == SOMETHING
    assert len(sent(topic)) == 1


def test_a_state_that_may_not_be_looked_for_is_none(s3: S3Server, bucket: str, warehouse: str) -> None:
    """S3 denies what does not exist, unless one may list the bucket; of a folder one may."""
    from tests.s3_server import refusal

    is_there = False

    def door(request: Any, proceed: Any) -> Any:
        if request.method == "GET" and request.path.endswith("state.json") and not is_there:
            return refusal(403, "AccessDenied", "Access Denied")
        return proceed()

    s3.door = door
    arguments = ("--warehouse", warehouse, "--state", f"{bucket}/alerts/state.json")
    assert run(*arguments).exit_code == SOMETHING
    denied = run(*arguments)
    assert denied.exit_code == FAILED
    assert "AccessDenied" in denied.stderr
    is_there = True
    assert run(*arguments).exit_code == NOTHING
