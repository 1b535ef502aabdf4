"""AWS's APIs, as the sync commands use them: clients, what goes wrong in one line, and the parts of an ARN."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from ingest.formats.parsing import BadFile

Client: TypeAlias = Any
"""A boto3 client: of services whose types are not among the dependencies."""

Clients: TypeAlias = Callable[..., Client]
"""Gives the client of a service, and of a region if one is named: ``client`` below, or a test's."""

# It slows down where a service throttles: directories are read in many small calls.
_CONFIG = Config(connect_timeout=5, read_timeout=60, retries={"mode": "adaptive", "total_max_attempts": 10})

# Codes that tell of the one thing that was asked for, though others of its kind may be fine.
_OF_ONE_RESOURCE = frozenset({"AccessDeniedException", "ResourceNotFound", "ResourceNotFoundException"})
_HINTS = {
    "AccessDeniedException": "the credentials need {action}",
    "ExpiredToken": "renew the credentials and run this again",
    "ExpiredTokenException": "renew the credentials and run this again",
    "InvalidClientTokenId": "check the credentials: environment, profile or role",
    "ThrottlingException": "AWS asks for fewer requests: run this again later",
    "TooManyRequestsException": "AWS asks for fewer requests: run this again later",
    "UnrecognizedClientException": "check the credentials: environment, profile or role",
}


class AwsError(OSError):
    """An API that cannot be used; the message says which and why."""


class RefusalError(AwsError):
    """An API that refuses one resource, and perhaps only that."""


class Arn(NamedTuple):
    """Where a resource of AWS is, and what it is called: ``workteam/private-crowd/birds``."""

    region: str
    account: str
    resource: str


def client(service: str, region: str | None = None) -> Client:
    """Client in a region, or in the one that AWS_REGION names, as for dbt; all else by boto3's own chain.

    Raises:
        AwsError: no region is named anywhere, or a profile is not there.
    """
    try:
        make: Any = boto3.client  # its types ask for the literal name of a service
        return make(service, region_name=region or os.environ.get("AWS_REGION") or None, config=_CONFIG)
    except NoRegionError:
        raise AwsError("no AWS region: set AWS_REGION") from None
    except BotoCoreError as error:
        raise AwsError(str(error)) from None


def default_region() -> str | None:
    """The region that ``client`` takes where none is named; None where there is none."""
    try:
        return os.environ.get("AWS_REGION") or boto3.Session().region_name
    except BotoCoreError:
        return None  # a profile that is not there


def account() -> str:
    """Number of the account that the credentials are of.

    Raises:
        AwsError: it cannot be found out.
    """
    with explained("sts:GetCallerIdentity"):
        number: str = client("sts").get_caller_identity()["Account"]
        return number


def parse_arn(arn: str) -> Arn:
    """Parts of an ARN such as ``arn:aws:sagemaker:us-east-1:111122223333:labeling-job/birds``.

    Raises:
        BadFile: it is none.
    """
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        raise BadFile(f"not an ARN: {arn!r}")
    return Arn(*parts[3:])


@contextlib.contextmanager
def explained(action: str, of: str = "") -> Iterator[None]:
    """What goes wrong in a call, in one line that names the action, what it was asked of, and what to do.

    Raises:
        RefusalError: the service refuses this one thing.
        AwsError: anything else.
    """
    where = f"{action} {of}".rstrip()
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        message = " ".join(error.response["Error"].get("Message", "").split())
        hint = _HINTS.get(code, "").format(action=action)
        kind = RefusalError if code in _OF_ONE_RESOURCE else AwsError
        reason = ": ".join(part for part in (where, code, message) if part)
        raise kind(reason + (f" ({hint})" if hint else "")) from None
    except NoCredentialsError:
        raise AwsError(
            f"{where}: no AWS credentials found (boto3 looks in the environment, profiles and roles)"
        ) from None
    except BotoCoreError as error:
        raise AwsError(f"{where}: {' '.join(str(error).split())}") from None
