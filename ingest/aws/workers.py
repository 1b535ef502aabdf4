"""``sync-workers``: who the workers are, and their work teams.

Format: Amazon Cognito API reference, ListUsers and ListUsersInGroup; Amazon SageMaker API reference, DescribeWorkteam
and ListWorkteams.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from ingest.aws.clients import Clients, RefusalError, explained, parse_arn
from ingest.aws.resources import (
    UNREADABLE,
    Moment,
    Resource,
    ResourceKind,
    SavedFile,
    as_saved,
    attempted,
    each_of,
    json_values,
    refused,
    response_fields,
    saved_resources,
    time_of,
)
from ingest.formats.parsing import BadFile
from ingest.identity import worker_key
from ingest.tables import Worker, Workteam, WorkteamMember

_CROWD = re.compile(r"workteam/(?P<workforce>private|public|vendor)-crowd/")
_POOL = re.compile(r"(?P<region>[a-z0-9-]+)_[A-Za-z0-9]+")


class _AttributeJson(msgspec.Struct, rename="pascal", gc=False):
    name: str
    value: str | None = None


class UserJson(msgspec.Struct, rename="pascal", gc=False):
    """User of a pool."""

    username: str | None = None
    attributes: list[_AttributeJson] = []
    enabled: bool | None = None
    user_last_modified_date: Moment = None


class _UserIdentity(msgspec.Struct, rename="pascal", gc=False):
    attributes: list[_AttributeJson] = []


class _CognitoMembers(msgspec.Struct, rename="pascal", gc=False):
    user_pool: str | None = None
    user_group: str | None = None


class _OidcMembers(msgspec.Struct, rename="pascal", gc=False):
    groups: list[str] | None = None


class _MemberDefinition(msgspec.Struct, rename="pascal", gc=False):
    cognito_member_definition: _CognitoMembers | None = None
    oidc_member_definition: _OidcMembers | None = None


class WorkteamJson(msgspec.Struct, rename="pascal", gc=False):
    """Work team, as DescribeWorkteam and ListWorkteams have it."""

    workteam_name: str
    workteam_arn: str
    member_definitions: list[_MemberDefinition] = []
    description: str | None = None
    create_date: Moment = None
    last_updated_date: Moment = None

    @property
    def pools(self) -> dict[str, list[str]]:
        """Its groups in each user pool: in one, as far as is known."""
        pools: dict[str, list[str]] = {}
        for definition in self.member_definitions:
            members = definition.cognito_member_definition
            if members and members.user_pool and members.user_group:
                pools.setdefault(members.user_pool, []).append(members.user_group)
        return pools

    @property
    def groups(self) -> list[str]:
        """Its groups, of user pools or of another identity provider."""
        groups = [group for groups in self.pools.values() for group in groups]
        for definition in self.member_definitions:
            if definition.oidc_member_definition:
                groups += definition.oidc_member_definition.groups or []
        return groups


class _TeamIdentity(msgspec.Struct, rename="pascal", gc=False):
    workteam_arn: str


class Pool(NamedTuple):
    """Cognito user pool, such as ``us-east-1_EXAMPLE``."""

    id: str
    region: str

    @property
    def issuer(self) -> str:
        """Its uri, as workers' answers name it."""
        return f"https://cognito-idp.{self.region}.amazonaws.com/{self.id}"

    @property
    def uri(self) -> str:
        """What its users' entries in the ledger begin with."""
        return f"cognito-idp://{self.id}"


def pool_of(pool_id: str) -> Pool:
    """The user pool of an id.

    Raises:
        BadFile: it is not one.
    """
    match = _POOL.fullmatch(pool_id)
    if not match:
        raise BadFile(f"not the id of a user pool, such as us-east-1_EXAMPLE: {pool_id!r}")
    return Pool(pool_id, match["region"])


def workforce_of_team(workteam_arn: str | None) -> str:
    """Kind of the workforce, from a work team's ARN."""
    match = _CROWD.search(workteam_arn or "")
    return match["workforce"] if match else "unknown"


def listed_workers(
    clients: Clients, workteams: Collection[str] = (), user_pools: Collection[str] = ()
) -> Iterator[Resource]:
    """Work teams with their members, and user pools with their users.

    Of a team, only its members are asked for: a pool may hold others, who are no workers.

    Args:
        clients: gives the clients of SageMaker and, by region, of Cognito.
        workteams: names of teams; if neither teams nor pools are given, all teams.
        user_pools: ids of pools whose users are all wanted.

    Raises:
        AwsError: a team or a pool cannot be read.
        BadFile: an id is not that of a user pool.
    """
    for team in _teams(clients, workteams, user_pools):
        yield read_team(team)
        yield from _members(clients, msgspec.json.decode(team, type=WorkteamJson))
    for pool_id in user_pools:
        pool = pool_of(pool_id)
        cognito = clients("cognito-idp", pool.region)
        with explained("cognito-idp:ListUsers", of=pool_id):
            pages = cognito.get_paginator("list_users").paginate(UserPoolId=pool_id)
            users = [user for page in pages for user in page["Users"]]
        yield from (read_user(as_saved(user), pool) for user in users)


def _teams(clients: Clients, workteams: Collection[str], user_pools: Collection[str]) -> Iterator[Raw]:
    if not (workteams or user_pools):
        with explained("sagemaker:ListWorkteams"):
            pages = clients("sagemaker").get_paginator("list_workteams").paginate()
            teams = [team for page in pages for team in page["Workteams"]]
        yield from map(as_saved, teams)
    for name in workteams:
        with explained("sagemaker:DescribeWorkteam", of=name):
            team = clients("sagemaker").describe_workteam(WorkteamName=name)["Workteam"]
        yield as_saved(team)


def _members(clients: Clients, team: WorkteamJson) -> Iterator[Resource]:
    for pool_id, groups in team.pools.items():
        pool = pool_of(pool_id)
        cognito = clients("cognito-idp", pool.region)
        users: list[Any] = []
        try:
            for group in groups:
                with explained("cognito-idp:ListUsersInGroup", of=f"{group} of {pool_id}"):
                    pages = cognito.get_paginator("list_users_in_group").paginate(UserPoolId=pool_id, GroupName=group)
                    users += [user for page in pages for user in page["Users"]]
        except RefusalError as error:
            yield refused(_membership(team.workteam_name, pool, []), error)
            continue
        resources = [read_user(as_saved(user), pool) for user in users]
        yield from resources
        yield _membership(team.workteam_name, pool, resources)


def saved_workers(
    files: Iterable[SavedFile], members: Iterable[tuple[str, SavedFile]] = (), user_pool: str | None = None
) -> Iterator[Resource]:
    """The teams and users in saved responses.

    Args:
        files: responses of ListUsers, DescribeWorkteam and ListWorkteams.
        members: responses of ListUsersInGroup, each with the name of the work team that the group makes.
        user_pool: id of the users' pool; not needed if one of the teams names it.

    Raises:
        BadFile: the id is not that of a user pool.
    """
    held = [*files]
    named = [user_pool] if user_pool else sorted({pool for file in held for pool in _pools_named_in(file)})
    pool = pool_of(named[0]) if len(named) == 1 else None
    yield from saved_resources(held, lambda response: _read(response, pool))
    by_team: dict[str, list[SavedFile]] = {}
    for team, file in members:
        by_team.setdefault(team, []).append(file)
    for team, files_of_team in by_team.items():
        found = [*saved_resources(files_of_team, lambda response: _read(response, pool, only_users=True))]
        yield from found
        # Part of a team would look like the team.
        if pool and all(resource.error is None for resource in found if resource.kind == ResourceKind.SAVED_RESPONSE):
            yield _membership(team, pool, found)


def _pools_named_in(file: SavedFile) -> Iterator[str]:
    # What cannot be understood is reported when the file is read for good.
    with contextlib.suppress(*UNREADABLE):
        for response in json_values(file.text()):
            with contextlib.suppress(*UNREADABLE):
                for team in _team_items(response_fields(response)):
                    yield from msgspec.json.decode(team, type=WorkteamJson).pools


def _team_items(fields: Mapping[str, Raw]) -> list[Raw]:
    if "Workteam" in fields:
        return [fields["Workteam"]]
    return msgspec.json.decode(fields["Workteams"], type=list[Raw]) if "Workteams" in fields else []


def _read(response: Raw, pool: Pool | None, only_users: bool = False) -> Iterator[Resource | BadFile]:
    fields = response_fields(response)
    if "Users" in fields:
        if pool is None:
            yield BadFile("the response does not name the user pool: name it with --user-pool")
        else:
            yield from each_of("Users", fields["Users"], lambda user: read_user(user, pool))
    elif "Workteam" in fields and not only_users:
        yield read_team(fields["Workteam"])
    elif "Workteams" in fields and not only_users:
        yield from each_of("Workteams", fields["Workteams"], read_team)
    elif only_users:
        yield BadFile("not a response of ListUsersInGroup")
    else:
        yield BadFile("not a response of ListUsers, DescribeWorkteam or ListWorkteams")


def read_user(user: Raw, pool: Pool) -> Resource:
    """A user of a pool.

    Raises:
        BadFile, msgspec.MsgspecError: it does not identify its user.
    """
    sub = _attribute(msgspec.json.decode(user, type=_UserIdentity).attributes, "sub")
    if not sub:
        raise BadFile("no attribute sub")
    key = worker_key("", pool.issuer, sub)
    # The ledger outlives a worker who is forgotten, so it has the pseudonym and no name.
    resource = Resource(f"{pool.uri}/user/{key}", ResourceKind.USER, bytes(user), worker_key=key)
    return attempted(resource, lambda: _parsed_user(resource, user, pool, sub))


def _parsed_user(resource: Resource, raw: Raw, pool: Pool, sub: str) -> Resource:
    user = msgspec.json.decode(raw, type=UserJson)
    email = _attribute(user.attributes, "email")
    row = Worker(resource.worker_key, pool.issuer, sub, user.username, email, user.enabled)
    modified_at = time_of("UserLastModifiedDate", user.user_last_modified_date)
    return replace(resource, rows={"workers": [row]}, modified_at=modified_at, is_dated=True)


def _attribute(attributes: Iterable[_AttributeJson], name: str) -> str | None:
    """Value of an attribute: they are in no order."""
    return next((attribute.value for attribute in attributes if attribute.name == name), None)


def read_team(team: Raw) -> Resource:
    """A work team.

    Raises:
        BadFile, msgspec.MsgspecError: it does not identify its team.
    """
    region, account, name = parse_arn(msgspec.json.decode(team, type=_TeamIdentity).workteam_arn)
    resource = Resource(f"sagemaker://{region}/{account}/{name}", ResourceKind.WORKTEAM, bytes(team))
    return attempted(resource, lambda: _parsed_team(resource, team))


def _parsed_team(resource: Resource, raw: Raw) -> Resource:
    team = msgspec.json.decode(raw, type=WorkteamJson)
    issuers = [pool_of(pool).issuer for pool in team.pools]
    row = Workteam(
        workteam_name=team.workteam_name,
        workteam_arn=team.workteam_arn,
        workforce=workforce_of_team(team.workteam_arn),
        identity_issuer=issuers[0] if len(issuers) == 1 else None,
        group_names=",".join(team.groups) or None,
        description=team.description,
        created_at=time_of("CreateDate", team.create_date),
        modified_at=time_of("LastUpdatedDate", team.last_updated_date),
    )
    return replace(resource, rows={"workteams": [row]}, modified_at=row.modified_at, is_dated=True)


def _membership(team: str, pool: Pool, found: Iterable[Resource]) -> Resource:
    keys = sorted({resource.worker_key for resource in found if resource.worker_key})
    return Resource(
        f"{pool.uri}/workteam/{team}",
        ResourceKind.WORKTEAM_MEMBERS,
        msgspec.json.encode(keys),
        {"workteam_members": [WorkteamMember(team, key) for key in keys]},
    )
