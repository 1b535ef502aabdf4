"""Saved responses of AWS's APIs about the jobs and the team, for ``--from`` of the sync commands.

Forms: the responses of SageMaker's DescribeLabelingJob and DescribeWorkteam, and of Cognito's ListUsers and
ListUsersInGroup; developer guide, "Monitor private workforce performance".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from ingest.formats.registry import LAMBDA_TASK_TYPES
from ingest.sample.output import BUCKET, JobFolder, Json
from ingest.sample.team import ISSUER, LABELERS, SPECIALISTS, VENDORS, Worker
from ingest.sample.truth import Fault, LogGap, Truth

FOLDER = "aws-responses"
LOGGED_JOB = "Support-Messages"
LOGGED_TASKS = 1_000  # of a job
# One task in so many is given back and taken again, and one is declined at first.
RETURNED, DECLINED = 25, 40
# Of one worker the log is wrong: it lacks one task in so many; and the chance that in a break it has one more.
UNLOGGED = 3
UNANSWERED_CHANCE = 0.6

ACCOUNT = "111122223333"
GROUND_TRUTH_ACCOUNT = "432418664414"  # of us-east-1: it owns the functions
USER_POOL = ISSUER.rpartition("/")[2]
GROUP = "labelers"
LAMBDAS = {task_type: name for name, task_type in reversed(LAMBDA_TASK_TYPES.items())}


def write_responses(
    dest: Path, folders: Sequence[JobFolder], team: Sequence[Worker], created_at: datetime, truth: Truth
) -> int:
    """Writes the responses below `dest`; returns the number of files.

    Args:
        dest: folder of the sample, with its jobs.
        folders: the jobs.
        team: workers of the Cognito user pool.
        created_at: when the team was made, UTC.
        truth: what is planted in the jobs; here, how the log differs from them.
    """
    users = {"Users": [_user(worker, created_at) for worker in team]}
    files: dict[str, list[Json]] = {
        **{f"labeling-jobs/{folder.name}.json": [_labeling_job(folder)] for folder in folders},
        "workers/describe-workteam.jsonl": [{"Workteam": team} for team in _workteams(created_at)],
        "workers/list-users.json": [users],
        "list-users-in-group.json": [users],
        **{
            f"worker-activity{folder.name.removeprefix(LOGGED_JOB)}.jsonl": list(_events(folder, truth))
            for folder in folders
            if folder.name.startswith(LOGGED_JOB)
        },
    }
    for place, values in files.items():
        path = dest / FOLDER / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(msgspec.json.encode(value) + b"\n" for value in values))
    return len(files)


def _labeling_job(folder: JobFolder) -> Json:
    """DescribeLabelingJob's response, with times as the AWS CLI writes them."""
    counters = folder.counters
    name = LAMBDAS[folder.task_type or "custom"]
    if folder.is_adjustment:
        name = f"Adjustment{name}"
    function = f"arn:aws:lambda:us-east-1:{GROUND_TRUTH_ACCOUNT}:function"
    task: Json = {
        "WorkteamArn": folder.workteam_arn,
        "UiConfig": {"UiTemplateS3Uri": f"{BUCKET}/templates/{folder.name}.liquid.html"},
        "PreHumanTaskLambdaArn": f"{function}:PRE-{name}",
        "TaskTitle": folder.name,
        "TaskDescription": folder.name,
        "NumberOfHumanWorkersPerDataObject": folder.workers_per_object,
        "TaskTimeLimitInSeconds": 3600,
        "TaskAvailabilityLifetimeInSeconds": 864_000,
        "AnnotationConsolidationConfig": {"AnnotationConsolidationLambdaArn": f"{function}:ACS-{name}"},
    }
    if "public-crowd" in folder.workteam_arn:
        task["PublicWorkforceTaskPrice"] = {"AmountInUsd": {"Dollars": 0, "Cents": 1, "TenthFractionsOfACent": 2}}
    if name == "PassThrough" and not folder.is_passed_through:
        task["PreHumanTaskLambdaArn"] = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{folder.name}-before"
        task["AnnotationConsolidationConfig"] = {
            "AnnotationConsolidationLambdaArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{folder.name}-after"
        }
    return {
        "LabelingJobStatus": "Completed",
        "LabelCounters": {
            "TotalLabeled": counters["HumanLabeled"] + counters["MachineLabeled"],
            **{
                name: counters[name]
                for name in ("HumanLabeled", "MachineLabeled", "FailedNonRetryableError", "Unlabeled")
            },
        },
        "CreationTime": f"{folder.first_created_at:%Y-%m-%dT00:00:00+00:00}",
        "LastModifiedTime": f"{folder.last_created_at.isoformat(timespec='milliseconds')}+00:00",
        "JobReferenceCode": folder.name.lower(),
        "LabelingJobName": folder.name,
        "LabelingJobArn": _job_arn(folder),
        "LabelAttributeName": folder.label_attribute,
        "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": f"{BUCKET}/input/{folder.name}.manifest"}}},
        "OutputConfig": {"S3OutputPath": f"{BUCKET}/ground-truth/", "KmsKeyId": ""},
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/ground-truth",
        "HumanTaskConfig": task,
        "LabelingJobOutput": {"OutputDatasetS3Uri": f"{folder.uri}/manifests/output/output.manifest"},
    }


def _workteams(created_at: datetime) -> Iterator[Json]:
    cognito = {"UserPool": USER_POOL, "UserGroup": GROUP, "ClientId": "exampleclient"}
    for arn, description, members in (
        (LABELERS, "The labelers", [{"CognitoMemberDefinition": cognito}]),
        (SPECIALISTS, "For what is out of the way", [{"OidcMemberDefinition": {"Groups": ["specialists"]}}]),
        (VENDORS, "A vendor's", []),
    ):
        yield {
            "WorkteamName": arn.rpartition("/")[2],
            "MemberDefinitions": members,
            "WorkteamArn": arn,
            "Description": description,
            "CreateDate": f"{created_at.isoformat()}+00:00",
            "LastUpdatedDate": f"{created_at.isoformat()}+00:00",
        }


def _user(worker: Worker, created_at: datetime) -> Json:
    name = f"labeler-{worker.number + 1:02}"
    return {
        "Username": name,
        "Attributes": [
            {"Name": "email_verified", "Value": "true"},
            {"Name": "sub", "Value": worker.sub},
            {"Name": "email", "Value": f"{name}@example.com"},
        ],
        "UserCreateDate": f"{created_at.isoformat()}+00:00",
        "UserLastModifiedDate": f"{created_at.isoformat()}+00:00",
        "Enabled": True,
        "UserStatus": "CONFIRMED",
    }


@dataclass(frozen=True)
class _Task:
    """An answer, and when it was really accepted and submitted."""

    answer: Any
    accepted: datetime
    submitted: datetime


def _tasks(folder: JobFolder, truth: Truth) -> list[_Task]:
    """The first tasks of a job, in the order of their submission."""
    jumps = truth.clock_jumps(folder.name)
    tasks = []
    for path in folder.root.glob("annotations/worker-response/*/*/*.json"):
        for answer in msgspec.json.decode(path.read_bytes())["answers"]:
            accepted, submitted = (
                datetime.fromisoformat(answer[name]) for name in ("acceptanceTime", "submissionTime")
            )
            if jump := jumps.get((int(path.parent.name), answer["workerId"])):
                accepted -= timedelta(seconds=jump.accepted_off_seconds)
                submitted -= timedelta(seconds=jump.submitted_off_seconds)
            tasks.append(_Task(answer, accepted, submitted))
    return sorted(tasks, key=lambda task: (task.submitted, task.answer["workerId"]))[:LOGGED_TASKS]


def _events(folder: JobFolder, truth: Truth) -> Iterator[Json]:
    """Events of one job until some moment: every task is accepted, and nearly every one submitted."""
    tasks = _tasks(folder, truth)
    jumped = {worker_id for _, worker_id in truth.clock_jumps(folder.name)}
    counts = Counter(task.answer["workerId"] for task in tasks)
    misreported = next((worker_id for worker_id, _ in counts.most_common() if worker_id not in jumped), None)
    gaps = _LogGaps(folder.name, misreported, tasks) if misreported and truth.has(Fault.LOG_GAPS) else None
    for number, task in enumerate(tasks):
        if gaps and gaps.is_missing(task):
            continue
        accepted = {"task_accepted_time": task.accepted}
        if number % RETURNED == 0:  # and taken again
            yield _event(folder, task.answer, "TasksAccepted", task.accepted, **accepted)
            returned = {**accepted, "task_returned_time": task.accepted}
            yield _event(folder, task.answer, "TasksReturned", task.accepted, **returned)
        if number % DECLINED == 0:
            yield _event(folder, task.answer, "TasksDeclined", task.accepted, task_declined_time=task.accepted)
        for done in (task, *(gaps.unanswered(task) if gaps else ())):
            accepted = {"task_accepted_time": done.accepted}
            yield _event(folder, done.answer, "TasksAccepted", done.accepted, **accepted)
            submitted = {**accepted, "task_submitted_time": done.submitted}
            yield _event(folder, done.answer, "TasksSubmitted", done.submitted, **submitted)
    if gaps:
        gaps.finish(truth)


class _LogGaps:
    """A worker of whom the log lacks some tasks, and has some that the output has not."""

    def __init__(self, job_name: str, worker_id: str, tasks: Sequence[_Task]) -> None:
        self._job_name, self._worker_id = job_name, worker_id
        mine = [task for task in tasks if task.answer["workerId"] == worker_id]
        self._free_until = {task.submitted: following.accepted for task, following in pairwise(mine)}
        self._rng = Random(f"{job_name}/{worker_id}")
        self._tasks = self._unanswered = 0

    def is_missing(self, task: _Task) -> bool:
        """Whether the log lacks the task."""
        if task.answer["workerId"] != self._worker_id:
            return False
        self._tasks += 1
        return self._tasks % UNLOGGED == 0

    def unanswered(self, task: _Task) -> Iterator[_Task]:
        """Tasks that were done before the worker's next one, but are not in the output."""
        if task.answer["workerId"] != self._worker_id:
            return
        begin, second = task.submitted, timedelta(seconds=1)
        free_until = self._free_until.get(task.submitted, begin)
        while begin + 20 * second < free_until and self._rng.random() < UNANSWERED_CHANCE:
            yield _Task(task.answer, begin + 2 * second, begin + 10 * second)
            self._unanswered += 1
            begin += 10 * second

    def finish(self, truth: Truth) -> None:
        """Puts down how many tasks differ, if any."""
        if self._tasks:
            truth.add(LogGap(self._job_name, self._worker_id, self._tasks // UNLOGGED, self._unanswered))


def _event(folder: JobFolder, answer: Any, event_type: str, moment: datetime, **times: datetime) -> Json:
    names = ("task_accepted_time", "task_submitted_time", "task_returned_time", "task_declined_time")
    return {
        "worker_id": answer["workerId"].rpartition(".")[2],
        "cognito_user_pool_id": USER_POOL,
        "cognito_sub_id": answer["workerMetadata"]["identityData"]["sub"],
        **{name: f"{times[name]:%a %b %d %H:%M:%S UTC %Y}" if name in times else "" for name in names},
        "workteam_arn": folder.workteam_arn,
        "labeling_job_arn": _job_arn(folder),
        "work_requester_account_id": ACCOUNT,
        "job_reference_code": folder.name.lower(),
        "job_type": "Private",
        "event_type": event_type,
        "event_timestamp": f"{int(moment.timestamp())}",
    }


def _job_arn(folder: JobFolder) -> str:
    return f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:labeling-job/{folder.name.lower()}"
