"""Saved responses of AWS's APIs about the jobs and the team, for ``--from`` of the sync commands.

Forms: the responses of SageMaker's DescribeLabelingJob and DescribeWorkteam, and of Cognito's ListUsers and
ListUsersInGroup; developer guide, "Monitor private workforce performance".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from ingest.formats.registry import LAMBDA_TASK_TYPES
from ingest.sample.output import BUCKET, JobFolder, Json
from ingest.sample.team import ISSUER, LABELERS, SPECIALISTS, VENDORS, Worker

FOLDER = "aws-responses"
LOGGED_JOB = "Support-Messages"
LOGGED_ANSWERS = 500
# One task in so many is accepted and given back, and one is declined.
RETURNED, DECLINED = 25, 40

ACCOUNT = "111122223333"
GROUND_TRUTH_ACCOUNT = "432418664414"  # of us-east-1: it owns the functions
USER_POOL = ISSUER.rpartition("/")[2]
GROUP = "labelers"
LAMBDAS = {task_type: name for name, task_type in reversed(LAMBDA_TASK_TYPES.items())}


def write_responses(dest: Path, folders: Sequence[JobFolder], team: Sequence[Worker], created_at: datetime) -> int:
    """Writes the responses below `dest`; returns the number of files.

    Args:
        dest: folder of the sample, with its jobs.
        folders: the jobs.
        team: workers of the Cognito user pool.
        created_at: when the team was made, UTC.
    """
    users = {"Users": [_user(worker, created_at) for worker in team]}
    logged = next(folder for folder in folders if folder.name == LOGGED_JOB)
    files: dict[str, list[Json]] = {
        **{f"labeling-jobs/{folder.name}.json": [_labeling_job(folder)] for folder in folders},
        "workers/describe-workteam.jsonl": [{"Workteam": team} for team in _workteams(created_at)],
        "workers/list-users.json": [users],
        "list-users-in-group.json": [users],
        "worker-activity.jsonl": list(_events(logged)),
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


def _events(folder: JobFolder) -> Iterator[Json]:
    """Events of one job's first answers: every task is accepted, and nearly every one submitted."""
    paths = sorted(folder.root.glob("annotations/worker-response/*/*/*.json"), key=lambda path: int(path.parent.name))
    answers = [answer for path in paths for answer in msgspec.json.decode(path.read_bytes())["answers"]]
    for number, answer in enumerate(answers[:LOGGED_ANSWERS]):
        accepted, submitted = (datetime.fromisoformat(answer[name]) for name in ("acceptanceTime", "submissionTime"))
        yield _event(folder, answer, "TasksAccepted", accepted, task_accepted_time=accepted)
        times = {"task_accepted_time": accepted, "task_submitted_time": submitted}
        yield _event(folder, answer, "TasksSubmitted", submitted, **times)
        if number % RETURNED == 0:
            times = {"task_accepted_time": accepted, "task_returned_time": submitted}
            yield _event(folder, answer, "TasksReturned", submitted, **times)
        if number % DECLINED == 0:
            yield _event(folder, answer, "TasksDeclined", submitted, task_declined_time=submitted)


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
