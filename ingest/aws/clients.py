"""AWS's APIs, for `register` and the sync commands: clients, errors in one line, and the parts of an ARN."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from ingest.formats.parsing import BadFile
from ingest.storage.boto import NO_CREDENTIALS, session, with_advice
from ingest.storage.store import without_credentials

Client: TypeAlias = Any
"""A boto3 client of any service: the dependencies have the types of a few only."""

Clients: TypeAlias = Callable[..., Client]
"""Makes the client of a service, in a region if one is given: ``client`` below, or a test's."""

# Adaptive: it slows down if a service throttles, for lists are read in many small calls.
_CONFIG = Config(connect_timeout=5, read_timeout=60, retries={"mode": "adaptive", "total_max_attempts": 10})

# Codes that concern one resource; any other concerns every resource.
_RESOURCE_CODES = frozenset({"AccessDeniedException", "ResourceNotFound", "ResourceNotFoundException"})


class AwsError(OSError):
    """An API that cannot be used; the message says which, why, and what to do."""


class RefusalError(AwsError):
    """An API refuses one resource; it may give others."""


class Arn(NamedTuple):
    """Region and account of a resource, and its name, such as ``workteam/private-crowd/birds``."""

    region: str
    account: str
    resource: str


def client(service: str, region: str | None = None) -> Client:
    """Client in the given region, or else in that of AWS_REGION, as for dbt, or of boto3's own chain.

    Raises:
        AwsError: no region is set, or the profile does not exist.
    """
    try:
        make: Any = session().client  # its types ask for the literal name of a service
        return make(service, region_name=region, config=_CONFIG)
    except NoRegionError:
        raise AwsError("no AWS region: set AWS_REGION") from None
    except BotoCoreError as error:
        raise AwsError(without_credentials(str(error))) from None
    except ValueError:  # it names the address, whose credentials are anywhere in it
        raise AwsError("the endpoint of AWS_ENDPOINT_URL is no address: expected one such as https://host") from None


def default_region() -> str | None:
    """The region of ``client`` if none is given; None if none is set, or the profile does not exist."""
    try:
        return session().region_name
    except BotoCoreError:
        return None


def account() -> str:
    """Number of the credentials' account.

    Raises:
        AwsError: STS cannot be used.
    """
    with explained("sts:GetCallerIdentity"):
        number: str = client("sts").get_caller_identity()["Account"]
        return number


def parse_arn(arn: str) -> Arn:
    """Parts of an ARN such as ``arn:aws:sagemaker:us-east-1:111122223333:labeling-job/birds``.

    Raises:
        BadFile: it is not an ARN.
    """
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        raise BadFile(f"not an ARN: {arn!r}")
    return Arn(*parts[3:])


@contextlib.contextmanager
def explained(action: str, of: str = "") -> Iterator[None]:
    """Turn boto3's errors into one line that says which action failed, on what, why, and what to do.

    Args:
        action: the permission that the call needs, such as ``glue:GetTables``.
        of: what the call is about.

    Raises:
        RefusalError: the service refuses this one resource.
        AwsError: any other error.
    """
    where = f"{action} {of}".rstrip()
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        kind = RefusalError if code in _RESOURCE_CODES else AwsError
        text = ": ".join(filter(None, (where, code, error.response["Error"].get("Message"))))
        raise kind(with_advice(text, code, action)) from None
    except NoCredentialsError:
        raise AwsError(f"{where}: {NO_CREDENTIALS}") from None
    except BotoCoreError as error:
        raise AwsError(with_advice(f"{where}: {error}", "", action)) from None
