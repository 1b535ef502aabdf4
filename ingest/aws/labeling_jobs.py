"""``sync-jobs``: what SageMaker knows about labeling jobs.

Format: Amazon SageMaker API reference, DescribeLabelingJob, ListLabelingJobs and ListLabelingJobsForWorkteam. Each of
them returns something of a job that the others lack, so each is a resource.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Raw

from ingest.aws.clients import Client, RefusalError, explained, parse_arn
from ingest.aws.resources import (
    KnownResources,
    Moment,
    Resource,
    ResourceKind,
    SavedFile,
    as_saved,
    attempted,
    each_of,
    refused,
    response_fields,
    saved_resources,
    time_of,
    without_metadata,
)
from ingest.formats.parsing import BadFile, as_written
from ingest.formats.registry import task_type_of_lambda
from ingest.lake.ledger import Status
from ingest.tables import Job

_RESOURCE = "/labeling-job/"


_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
"""A count as the API defines it: what the marts add up stays far below a bigint's end."""
_WorkersPerObject: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1_000)]
"""The API allows 9."""


class _Counters(msgspec.Struct, rename="pascal", frozen=True, gc=False):
    total_labeled: _Count | None = None
    human_labeled: _Count | None = None
    machine_labeled: _Count | None = None
    failed_non_retryable_error: _Count | None = None
    unlabeled: _Count | None = None

    def check(self) -> None:
        """Raise a BadFile if more objects were labeled by somebody than at all."""
        by_somebody = (self.human_labeled or 0) + (self.machine_labeled or 0)
        if self.total_labeled is not None and by_somebody > self.total_labeled:
            raise BadFile(
                f"LabelCounters do not add up: HumanLabeled {self.human_labeled or 0} and MachineLabeled "
                f"{self.machine_labeled or 0} are more than TotalLabeled {self.total_labeled}"
            )


class _S3DataSource(msgspec.Struct, rename="pascal", frozen=True, gc=False):
    manifest_s3_uri: str | None = None


class _DataSource(msgspec.Struct, rename="pascal", frozen=True, gc=False):
    s3_data_source: _S3DataSource = _S3DataSource()


class _InputConfig(msgspec.Struct, rename="pascal", frozen=True, gc=False):
    data_source: _DataSource = _DataSource()


class _OutputConfig(msgspec.Struct, rename="pascal", frozen=True, gc=False):
    s3_output_path: str | None = None


class _AmountInUsd(msgspec.Struct, rename="pascal", gc=False):
    dollars: _Count = 0
    cents: _Count = 0
    tenth_fractions_of_a_cent: _Count = 0


class _TaskPrice(msgspec.Struct, rename="pascal", frozen=True, gc=False):
    amount_in_usd: _AmountInUsd | None = None


class _HumanTaskConfig(msgspec.Struct, rename="pascal", frozen=True, gc=False):
    workteam_arn: str | None = None
    pre_human_task_lambda_arn: str | None = None
    number_of_human_workers_per_data_object: _WorkersPerObject | None = None
    task_time_limit_in_seconds: _Count | None = None
    public_workforce_task_price: _TaskPrice = _TaskPrice()


class JobJson(msgspec.Struct, rename="pascal", gc=False):
    """A job as any of the three responses has it; a summary has some fields that a description nests."""

    labeling_job_name: str
    labeling_job_arn: str | None = None
    labeling_job_status: str | None = None
    label_counters: _Counters = _Counters()
    failure_reason: str | None = None
    creation_time: Moment = None
    last_modified_time: Moment = None
    label_attribute_name: str | None = None
    input_config: _InputConfig = _InputConfig()
    output_config: _OutputConfig = _OutputConfig()
    human_task_config: _HumanTaskConfig = _HumanTaskConfig()
    workteam_arn: str | None = None
    pre_human_task_lambda_arn: str | None = None
    number_of_human_workers_per_data_object: _WorkersPerObject | None = None


class _Identity(msgspec.Struct, rename="pascal", gc=False):
    labeling_job_name: str
    labeling_job_arn: str | None = None
    work_requester_account_id: str | None = None


def described_jobs(
    sagemaker: Client, name_contains: str | None = None, created_since: int | None = None
) -> Iterator[Resource]:
    """Every job of an account and region, described.

    Args:
        sagemaker: client.
        name_contains: of jobs with this in their names only.
        created_since: of jobs created since then only, in milliseconds since 1970-01-01 UTC.

    Raises:
        AwsError: the jobs cannot be listed; or one cannot be described, for a reason that concerns all.
    """
    chosen: dict[str, object] = {"NameContains": name_contains} if name_contains else {}
    if created_since is not None:
        chosen["CreationTimeAfter"] = datetime.fromtimestamp(created_since / 1000, UTC)
    with explained("sagemaker:ListLabelingJobs"):
        pages = sagemaker.get_paginator("list_labeling_jobs").paginate(**chosen)
        summaries = [summary for page in pages for summary in page["LabelingJobSummaryList"]]
    for summary in summaries:
        name = summary["LabelingJobName"]
        try:
            with explained("sagemaker:DescribeLabelingJob", of=name):
                yield read_job(as_saved(sagemaker.describe_labeling_job(LabelingJobName=name)))
        except RefusalError as error:
            region, account, _ = parse_arn(summary["LabelingJobArn"])
            yield refused(_blank(ResourceKind.LABELING_JOB, region, account, name), error)


def saved_jobs(files: Iterable[SavedFile], region: str | None) -> Iterator[Resource]:
    """The jobs in saved responses; ``region`` is for responses that name none."""
    return saved_resources(files, lambda response: _read(response, region))


def _read(response: Raw, region: str | None) -> Iterator[Resource | BadFile]:
    fields = response_fields(response)
    if "LabelingJobSummaryList" in fields:
        name = "LabelingJobSummaryList"
        yield from each_of(name, fields[name], lambda summary: read_job(summary, region))
    elif "LabelingJobName" in fields:
        yield read_job(response, region)
    else:
        yield BadFile("not a response of DescribeLabelingJob, ListLabelingJobs or ListLabelingJobsForWorkteam")


def read_job(response: Raw, region: str | None = None) -> Resource:
    """A job, from its description, or from its item in a list of jobs.

    Raises:
        BadFile, msgspec.MsgspecError: it does not identify its job.
    """
    response = without_metadata(response)
    identity = msgspec.json.decode(response, type=_Identity)
    if identity.labeling_job_arn:
        region, account, _ = parse_arn(identity.labeling_job_arn)
        kind, part = ResourceKind.LABELING_JOB_SUMMARY, "/summary"
        if "HumanTaskConfig" in response_fields(response):
            kind, part = ResourceKind.LABELING_JOB, ""
    elif identity.work_requester_account_id:
        if not region:
            raise BadFile(f"job {identity.labeling_job_name}: the response has no region: set AWS_REGION")
        account = identity.work_requester_account_id
        kind, part = ResourceKind.LABELING_JOB_SUMMARY, "/workteam-summary"
    else:
        raise BadFile(f"job {identity.labeling_job_name} has no LabelingJobArn")
    resource = replace(_blank(kind, region, account, identity.labeling_job_name, part), content=bytes(response))
    return attempted(resource, lambda: _parsed(resource, response))


def _blank(kind: ResourceKind, region: str, account: str, name: str, part: str = "") -> Resource:
    return Resource(f"sagemaker://{region}/{account}{_RESOURCE}{name}{part}", kind, None, job_name=name)


def _parsed(resource: Resource, response: Raw) -> Resource:
    job = msgspec.json.decode(response, type=JobJson)
    job.label_counters.check()
    task = job.human_task_config
    workteam_arn = task.workteam_arn or job.workteam_arn
    row = Job(
        label_attribute_name=job.label_attribute_name,
        task_type=task_type_of_lambda(task.pre_human_task_lambda_arn or job.pre_human_task_lambda_arn),
        job_status=job.labeling_job_status,
        workteam_name=workteam_arn.rpartition("/")[2] if workteam_arn else None,
        workers_per_object=(
            task.number_of_human_workers_per_data_object or job.number_of_human_workers_per_data_object
        ),
        labeling_job_arn=job.labeling_job_arn,
        workteam_arn=workteam_arn,
        failure_reason=job.failure_reason,
        created_at=time_of("CreationTime", job.creation_time),
        modified_at=time_of("LastModifiedTime", job.last_modified_time),
        input_manifest_uri=job.input_config.data_source.s3_data_source.manifest_s3_uri,
        output_uri=job.output_config.s3_output_path,
        total_labeled_count=job.label_counters.total_labeled,
        human_labeled_count=job.label_counters.human_labeled,
        machine_labeled_count=job.label_counters.machine_labeled,
        failed_count=job.label_counters.failed_non_retryable_error,
        unlabeled_count=job.label_counters.unlabeled,
        task_price_usd=_dollars(task.public_workforce_task_price.amount_in_usd),
        task_time_limit_seconds=task.task_time_limit_in_seconds,
        description_json=as_written(response),
    )
    return replace(resource, rows={"labeling_jobs": [row]}, modified_at=row.modified_at, is_dated=True)


def _dollars(amount: _AmountInUsd | None) -> float | None:
    if amount is None:
        return None
    return (amount.dollars * 1000 + amount.cents * 10 + amount.tenth_fractions_of_a_cent) / 1000


def without_namesakes(known: KnownResources, jobs: Iterable[Resource]) -> Iterator[Resource]:
    """The jobs; if two accounts or regions have a job of the same name, the second one is skipped.

    A lake knows a job by its name alone: the descriptions of two jobs would be mixed.
    """
    homes: dict[str | None, str] = {}
    for kind in (ResourceKind.LABELING_JOB, ResourceKind.LABELING_JOB_SUMMARY):
        for entry in known.loaded(kind):
            homes[entry.job_name] = (entry.uri or "").partition(_RESOURCE)[0]
    for job in jobs:
        if job.kind != ResourceKind.SAVED_RESPONSE:
            home = homes.setdefault(job.job_name, job.uri.partition(_RESOURCE)[0])
            if not job.uri.startswith(f"{home}/"):
                error = f"job {job.job_name} is known from {home}: forget it there, or load the two into two lakes"
                job = replace(job, rows={}, content=None, modified_at=None, status=Status.SKIPPED, error=error)
        yield job
