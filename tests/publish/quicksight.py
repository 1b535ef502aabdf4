"""A setup of QuickSight for tests, and its sound resources."""

from __future__ import annotations

import copy
import functools
from typing import Any

from publish.quicksight.datasets import Setup
from publish.quicksight.resources import Kind, Resource, resources

ACCOUNT, REGION = "123456789012", "us-east-1"
OWNER = f"arn:aws:quicksight:{REGION}:{ACCOUNT}:group/default/managers"
VIEWER = f"arn:aws:quicksight:{REGION}:{ACCOUNT}:group/default/leads"
PERSONNEL = f"arn:aws:quicksight:{REGION}:{ACCOUNT}:group/default/personnel"
SETUP = Setup(
    account_id=ACCOUNT,
    region=REGION,
    role_arn=f"arn:aws:iam::{ACCOUNT}:role/ground-truth-bi",
    owners=(OWNER,),
    viewers=(VIEWER,),
    people_role_arn=f"arn:aws:iam::{ACCOUNT}:role/people",
    people_owners=(PERSONNEL,),
)


@functools.cache
def _sound() -> list[Resource]:
    return resources(SETUP)


def sound() -> list[Resource]:
    """The resources of `SETUP`, to be changed at will."""
    return copy.deepcopy(_sound())


def requests(found: list[Resource]) -> list[tuple[str, dict[str, Any]]]:
    """Operations and requests that make resources."""
    return [(f"Create{resource.kind}", resource.request) for resource in found]


def data_sets(found: list[Resource]) -> dict[str, dict[str, Any]]:
    """Requests of the data sets, by mart."""
    return {resource.request["Name"]: resource.request for resource in found if resource.kind is Kind.DATA_SET}


def dashboard(found: list[Resource]) -> dict[str, Any]:
    """The definition of the dashboard."""
    definition: dict[str, Any] = found[-1].request["Definition"]
    return definition


def bodies(definition: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The visuals by id, each without the name of its kind."""
    return {
        body["VisualId"]: body
        for sheet in definition["Sheets"]
        for visual in sheet["Visuals"]
        for body in visual.values()
    }
