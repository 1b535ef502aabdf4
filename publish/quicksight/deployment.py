"""Brings QuickSight to what the resources say: makes, updates, compares and deletes them, waits, and publishes last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from publish.marts import Marts, MartsError
from publish.quicksight import checks
from publish.quicksight.datasets import RULES_MART
from publish.quicksight.resources import Kind, Resource
from publish.service_model import walk

MAXIMUM_RULES = 999
"""Rules that QuickSight takes for one user or group."""

_WAIT_SECONDS = 5.0
_THROTTLED = {"ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"}
# Members of a data set or data source that are the deployment's, and no others.
_COMPARED = {
    Kind.DATA_SOURCE: ("Name", "DataSourceParameters", "SslProperties"),
    Kind.DATA_SET: (
        "Name",
        "ImportMode",
        "PhysicalTableMap",
        "LogicalTableMap",
        "RowLevelPermissionDataSet",
        "RowLevelPermissionTagConfiguration",
        "ColumnLevelPermissionRules",
    ),
}


class DeploymentError(OSError):
    """QuickSight refused something, or it failed there; the message says what, why, and what to do."""


class Change(StrEnum):
    """What a deployment does with a resource."""

    CREATE = "create"
    UPDATE = "update"
    KEEP = "keep"


@dataclass(frozen=True)
class Planned:
    """A resource, what is to be done with it, and in words what differs."""

    resource: Resource
    change: Change
    differences: list[str] = field(default_factory=list)


def unsafe_rules(marts: Marts) -> list[str]:
    """What is wrong with the rules of row-level security, as they are in the mart now; nothing if they are safe.

    Raises:
        MartsError: the mart cannot be read.
    """
    counts = marts.query(
        f"""
        select
            count(case when coalesce(worker_key, '') = '' then 1 end) as without_key,
            count(case when worker_key like '%,%' then 1 end) as with_comma,
            count(case when worker_key <> trim(worker_key) then 1 end) as with_space,
            count(case when coalesce(user_name, group_name, '') = '' then 1 end) as for_nobody
        from {RULES_MART}
        """
    ).to_pylist()[0]
    many = marts.query(
        f"""
        select coalesce(user_name, group_name) as name, count(*) as rules
        from {RULES_MART}
        group by user_name, group_name
        having count(*) > {MAXIMUM_RULES}
        """
    ).to_pylist()
    reasons = {
        "without_key": "have no worker_key, which QuickSight takes for every row of every worker",
        "with_comma": "have a comma in worker_key, which QuickSight takes for several workers",
        "with_space": "have a space around worker_key, so that they match nobody",
        "for_nobody": "name neither a user nor a group",
    }
    faults = [f"{counts[name]} rules {reason}" for name, reason in reasons.items() if counts[name]]
    faults += [f"{row['name']} has {row['rules']} rules; QuickSight takes {MAXIMUM_RULES} of a user" for row in many]
    return faults


class Deployment:
    """Resources in one account.

    Args:
        client: of QuickSight.
        account_id: AWS account.
        say: shows progress.
        timeout: seconds to wait for one resource.
        wait: seconds between two looks at it.
    """

    def __init__(
        self,
        client: Any,
        account_id: str,
        say: Callable[[str], None],
        timeout: float = 1800,
        wait: float = _WAIT_SECONDS,
    ) -> None:
        self._client, self._account_id, self._say = client, account_id, say
        self._timeout, self._wait = timeout, wait

    def check_subscription(self) -> None:
        """Raises: DeploymentError: the account has no QuickSight, or an edition without row-level security."""
        answer = self._or_none("DescribeAccountSubscription", {"AwsAccountId": self._account_id})
        found = (answer or {}).get("AccountInfo", {})
        status, edition = found.get("AccountSubscriptionStatus", "none"), found.get("Edition", "none")
        if status != "ACCOUNT_CREATED" or not edition.startswith("ENTERPRISE"):
            raise DeploymentError(
                f"account {self._account_id}: QuickSight's subscription is {status}, edition {edition}; data sets with "
                "row-level security need the Enterprise edition: subscribe in the console of QuickSight"
            )

    def plan(self, resources: Sequence[Resource]) -> Iterator[Planned]:
        """What a deployment would do, resource by resource; nothing is changed."""
        for resource in resources:
            yield self._planned(resource)

    def deploy(self, resources: Sequence[Resource]) -> dict[Change, list[str]]:
        """Make what is missing, update what differs, wait for each, and publish the dashboard if it is right.

        Returns:
            Titles of the resources, by what was done.

        Raises:
            DeploymentError: something was refused or failed; the published dashboard is as it was.
        """
        done: dict[Change, list[str]] = {change: [] for change in Change}
        for resource in resources:
            planned = self._planned(resource)
            if planned.change is Change.CREATE:
                self._say(f"{resource.title}: creating")
                answer = self._call(f"Create{resource.kind}", resource.request)
                self._finish(resource, answer, is_new=True)
            elif planned.change is Change.UPDATE:
                self._say(f"{resource.title}: updating ({'; '.join(planned.differences)})")
                answer = self._call(f"Update{resource.kind}", resource.update())
                self._finish(resource, answer, is_new=False)
            else:
                self._say(f"{resource.title}: unchanged")
            if planned.change is not Change.CREATE:
                self._grant(resource)
            done[planned.change].append(resource.title)
        return done

    def destroy(self, resources: Sequence[Resource]) -> dict[str, list[str]]:
        """Delete what there is, in the opposite order; what is not there is fine."""
        done: dict[str, list[str]] = {"deleted": [], "absent": []}
        for resource in reversed(resources):
            if resource.kind is Kind.REFRESH_SCHEDULE:
                continue  # goes with its data set
            found = self._or_none(f"Delete{resource.kind}", resource.key) is not None
            self._say(f"{resource.title}: {'deleted' if found else 'not there'}")
            done["deleted" if found else "absent"].append(resource.title)
        return done

    def _planned(self, resource: Resource) -> Planned:
        if resource.kind is Kind.REFRESH_SCHEDULE:
            return self._planned_schedule(resource)
        answer = self._or_none(f"Describe{resource.kind}", resource.key)
        if answer is None:
            return Planned(resource, Change.CREATE)
        found = answer[resource.kind]
        if resource.kind in _COMPARED:
            differences = list(_differences(resource, found))
            if found.get("Status", "").endswith("_FAILED"):
                differences.append("it failed")
        else:
            differences = self._version_differences(resource, found)
        return Planned(resource, Change.UPDATE if differences else Change.KEEP, differences)

    def _planned_schedule(self, resource: Resource) -> Planned:
        """A schedule beside one that somebody made would be a second one: the service takes one that is hourly."""
        answer = self._or_none("ListRefreshSchedules", resource.key)
        ours = resource.request["Schedule"]
        for schedule in (answer or {}).get("RefreshSchedules", []):
            if schedule["ScheduleId"] == ours["ScheduleId"]:
                same = all(_covers(item, schedule.get(name)) for name, item in ours.items())
                return Planned(resource, Change.KEEP if same else Change.UPDATE, [] if same else ["schedule"])
        theirs = bool((answer or {}).get("RefreshSchedules"))
        return Planned(resource, Change.KEEP if theirs else Change.CREATE)

    def _version_differences(self, resource: Resource, found: Mapping[str, Any]) -> list[str]:
        version = found["Version"]
        failed = version["Status"].endswith("_FAILED")
        if version.get("Description") == resource.request["VersionDescription"] and not failed:
            return []
        if resource.kind is Kind.THEME:
            return ["it failed" if failed else "theme"]
        answer = self._or_none("DescribeDashboardDefinition", resource.key) or {}
        ours, theirs = resource.request["Definition"], answer.get("Definition", {})
        return list(_definition_differences(ours, theirs)) or ["it failed" if failed else "settings"]

    def _finish(self, resource: Resource, answer: Mapping[str, Any], *, is_new: bool) -> None:
        """Wait until it is right."""
        if resource.kind is Kind.DATA_SOURCE:
            self._wait_for(resource, lambda: self._described(resource))
        elif resource.kind is Kind.DATA_SET and answer.get("IngestionId"):
            # Making or updating a copy in SPICE fills it as well.
            key = resource.key | {"IngestionId": answer["IngestionId"]}
            self._wait_for(resource, lambda: self._call("DescribeIngestion", key)["Ingestion"])
        elif resource.kind in (Kind.THEME, Kind.DASHBOARD):
            number = 1 if is_new else _version_number(answer)
            key = resource.key | {"VersionNumber": number}
            self._wait_for(resource, lambda: self._call(f"Describe{resource.kind}", key)[resource.kind]["Version"])
            if resource.kind is Kind.DASHBOARD and not is_new:
                self._call("UpdateDashboardPublishedVersion", key)
                self._say(f"{resource.title}: version {number} published")

    def _described(self, resource: Resource) -> dict[str, Any]:
        answer: dict[str, Any] = self._call(f"Describe{resource.kind}", resource.key)[resource.kind]
        return answer

    def _wait_for(self, resource: Resource, look: Callable[[], Mapping[str, Any]]) -> None:
        until = time.monotonic() + self._timeout
        said = None
        while True:
            found = look()
            status = found.get("Status") or found.get("IngestionStatus", "")
            if status != said:
                self._say(f"{resource.title}: {status.lower().replace('_', ' ')}")
                said = status
            if status.endswith("_SUCCESSFUL") or status == "COMPLETED":
                return
            if status.endswith("FAILED") or status in ("CANCELLED", "DELETED"):
                raise DeploymentError(_failure(resource, status, found))
            if time.monotonic() > until:
                raise DeploymentError(
                    f"{resource.title}: still {status} after {self._timeout:g} seconds; deploy again, or with a longer "
                    "--timeout"
                )
            time.sleep(self._wait)

    def _grant(self, resource: Resource) -> None:
        """Give the permissions that principals lack: only a creation does so by itself. None is taken away."""
        wanted = resource.request.get("Permissions")
        if not wanted:
            return
        answer = self._call(f"Describe{resource.kind}Permissions", resource.key)
        has = {permission["Principal"]: set(permission["Actions"]) for permission in answer.get("Permissions", [])}
        lacking = [
            permission
            for permission in wanted
            if not set(permission["Actions"]) <= has.get(permission["Principal"], set())
        ]
        if lacking:
            names = ", ".join(permission["Principal"] for permission in lacking)
            self._say(f"{resource.title}: granting to {names}")
            self._call(f"Update{resource.kind}Permissions", resource.key | {"GrantPermissions": lacking})

    def _or_none(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
        try:
            return self._call(operation, request)
        except _NotFoundError:
            return None

    def _call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request that walks clean; again if the service throttles."""
        from botocore import xform_name

        if faults := walk(checks.SERVICE, operation, request):
            raise DeploymentError(f"{operation} is wrong, and was not sent: " + "; ".join(faults))
        method = getattr(self._client, xform_name(operation))
        retrying = Retrying(
            retry=retry_if_exception(_is_throttled),
            wait=wait_exponential(multiplier=self._wait / 5, max=30),
            stop=stop_after_attempt(8),
            reraise=True,
        )
        try:
            answer: dict[str, Any] = retrying(method, **request)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                raise _NotFoundError(f"{operation}: {error}") from None
            raise DeploymentError(f"{operation}: {error}") from None
        except BotoCoreError as error:
            raise DeploymentError(f"{operation}: {error}") from None
        return answer


class _NotFoundError(DeploymentError):
    pass


def _is_throttled(error: BaseException) -> bool:
    return isinstance(error, ClientError) and error.response["Error"]["Code"] in _THROTTLED


def _version_number(answer: Mapping[str, Any]) -> int:
    """Number of the version that an update made: the last part of its name."""
    return int(answer["VersionArn"].rpartition("/")[2])


def _failure(resource: Resource, status: str, found: Mapping[str, Any]) -> str:
    errors = [f"{error.get('Type')}: {error.get('Message')}" for error in found.get("Errors", [])]
    if info := found.get("ErrorInfo"):
        errors.append(f"{info.get('Type')}: {info.get('Message')}")
    after = "; the version that was published before is still shown" if resource.kind is Kind.DASHBOARD else ""
    return f"{resource.title}: {status}{after}" + "".join(f"\n  {error}" for error in errors)


def _differences(resource: Resource, found: Mapping[str, Any]) -> Iterator[str]:
    for name in _COMPARED[resource.kind]:
        ours, theirs = resource.request.get(name), found.get(name)
        if (ours or theirs) and not (ours and _covers(ours, theirs)):
            yield name


def _covers(ours: Any, theirs: Any) -> bool:
    """Whether all that we say is there: the service adds defaults, which are no difference."""
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and all(_covers(item, theirs.get(name)) for name, item in ours.items())
    if isinstance(ours, list):
        return (
            isinstance(theirs, list)
            and len(ours) == len(theirs)
            and all(_covers(our, their) for our, their in zip(ours, theirs, strict=True))
        )
    return bool(ours == theirs)


def _definition_differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[str]:
    """What differs between two definitions: visuals by their id, and everything else by its name."""

    def visuals(definition: Mapping[str, Any]) -> dict[str, Any]:
        bodies = [
            body
            for sheet in definition.get("Sheets", [])
            for visual in sheet.get("Visuals", [])
            for body in visual.values()
        ]
        return {body["VisualId"]: body for body in bodies}

    new, old = visuals(ours), visuals(theirs)
    for name in sorted(new.keys() | old.keys()):
        if name not in old:
            yield f"visual {name} is new"
        elif name not in new:
            yield f"visual {name} is gone"
        elif not _covers(new[name], old[name]):
            yield f"visual {name}"
    for name, item in ours.items():
        if name != "Sheets" and not _covers(item, theirs.get(name)):
            yield name


def rules_or_error(marts: Marts) -> None:
    """Raises: DeploymentError: the rules of row-level security are unsafe, or cannot be read."""
    try:
        faults = unsafe_rules(marts)
    except MartsError as error:
        raise DeploymentError(
            f"the rules of row-level security cannot be read: {error}\nfill in seeds/row_access.csv and run `dbt build`"
        ) from None
    if faults:
        raise DeploymentError(
            f"{RULES_MART}: {'; '.join(faults)}. Nothing was deployed: mend seeds/row_access.csv, and run `dbt build`"
        )
