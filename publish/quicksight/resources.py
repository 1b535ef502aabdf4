"""All that is deployed, in the order in which it is made: each resource with the request that makes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from publish.quicksight import checks, datasets
from publish.quicksight.columns import MODELS, mart_columns
from publish.quicksight.datasets import Setup, permissions
from publish.quicksight.definition import definition, shown_marts
from publish.service_model import accepts, walk

_DASHBOARD_ACTIONS = ("DescribeDashboard", "ListDashboardVersions", "QueryDashboard")
_DASHBOARD_OWNER_ACTIONS = (
    *_DASHBOARD_ACTIONS,
    "UpdateDashboard",
    "DeleteDashboard",
    "UpdateDashboardPublishedVersion",
    "DescribeDashboardPermissions",
    "UpdateDashboardPermissions",
)
_THEME_ACTIONS = ("DescribeTheme", "DescribeThemeAlias", "ListThemeAliases", "ListThemeVersions")
# The page's colors: publish/page/app/charts.js.
_COLORS = ["#2F5FD0", "#E08214", "#1B9E77", "#B0478F", "#58A9D6", "#A58A1C", "#8A5A44", "#7D8896"]
_INK, _PAPER, _LOW, _HIGH = "#1C2430", "#FFFFFF", "#EEF3FC", "#1D4396"


class Kind(StrEnum):
    """Kinds of resources, by the names that the operations of the service have."""

    DATA_SOURCE = "DataSource"
    DATA_SET = "DataSet"
    REFRESH_SCHEDULE = "RefreshSchedule"
    THEME = "Theme"
    DASHBOARD = "Dashboard"


@dataclass(frozen=True)
class Resource:
    """A resource and the request that makes it."""

    kind: Kind
    request: dict[str, Any]

    @property
    def id(self) -> str:
        """Its id; of a refresh schedule, that of its data set."""
        of = Kind.DATA_SET if self.kind is Kind.REFRESH_SCHEDULE else self.kind
        return str(self.request[f"{of}Id"])

    @property
    def title(self) -> str:
        """What it is called in messages."""
        words = {"DataSource": "data source", "DataSet": "data set", "RefreshSchedule": "refresh schedule of"}
        return f"{words.get(self.kind, self.kind.lower())} {self.id}"

    @property
    def key(self) -> dict[str, str]:
        """The members of a request that name it."""
        of = Kind.DATA_SET if self.kind is Kind.REFRESH_SCHEDULE else self.kind
        return {"AwsAccountId": self.request["AwsAccountId"], f"{of}Id": self.id}

    def update(self) -> dict[str, Any]:
        """The request that updates it: whole, as what an update leaves out would be removed."""
        return accepts(checks.SERVICE, f"Update{self.kind}", self.request)


def resources(setup: Setup, models: Path = MODELS) -> list[Resource]:
    """Everything, in the order in which it is made.

    Args:
        setup: where everything is.
        models: folder of the dbt models, which say what the columns are.

    Raises:
        ColumnsError: the models cannot be read, or a visual shows a column that its mart does not have.
        VisualError: visuals.yml says what no visual may say.
    """
    marts = mart_columns(models)
    body = definition(marts, setup.data_set_arns(shown_marts()))
    sets = datasets.data_sets(setup, marts, body)
    return [
        *(Resource(Kind.DATA_SOURCE, request) for request in datasets.data_sources(setup)),
        *(Resource(Kind.DATA_SET, request) for request in sets),
        *(Resource(Kind.REFRESH_SCHEDULE, request) for request in datasets.refresh_schedules(setup, sets)),
        Resource(Kind.THEME, _theme(setup)),
        Resource(Kind.DASHBOARD, _dashboard(setup, body)),
    ]


def faults(found: list[Resource]) -> list[str]:
    """What is wrong with the requests that make and update resources; nothing if all is well."""
    making = [(f"Create{resource.kind}", resource.request) for resource in found]
    updating = [
        fault for resource in found for fault in walk(checks.SERVICE, f"Update{resource.kind}", resource.update())
    ]
    return checks.request_faults(making) + updating


def fingerprint(request: Mapping[str, Any]) -> str:
    """Tells versions of a theme or dashboard apart; it is kept in the version's description."""
    told = {name: item for name, item in request.items() if name not in ("Permissions", "VersionDescription")}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _theme(setup: Setup) -> dict[str, Any]:
    request = {
        "AwsAccountId": setup.account_id,
        "ThemeId": f"{setup.prefix}-theme",
        "Name": "Ground Truth Analytics",
        "BaseThemeId": "CLASSIC",
        "Configuration": {
            "DataColorPalette": {
                "Colors": _COLORS,
                "MinMaxGradient": [_LOW, _HIGH],
                "EmptyFillColor": "#E3E7EC",
            },
            "UIColorPalette": {
                "PrimaryForeground": _INK,
                "PrimaryBackground": _PAPER,
                "SecondaryForeground": _INK,
                "SecondaryBackground": "#F5F7F9",
                "Accent": "#2F5FD0",
                "AccentForeground": _PAPER,
                "Danger": "#B3372B",
                "DangerForeground": _PAPER,
                "Warning": "#E08214",
                "WarningForeground": _INK,
                "Success": "#157A5F",
                "SuccessForeground": _PAPER,
            },
        },
    }
    return request | {
        "VersionDescription": fingerprint(request),
        "Permissions": permissions((*setup.owners, *setup.viewers), _THEME_ACTIONS),
    }


def _dashboard(setup: Setup, body: dict[str, Any]) -> dict[str, Any]:
    request = {
        "AwsAccountId": setup.account_id,
        "DashboardId": f"{setup.prefix}-analytics",
        "Name": "Ground Truth Analytics",
        "ThemeArn": setup.arn("theme", f"{setup.prefix}-theme"),
        "ValidationStrategy": {"Mode": "STRICT"},
        "DashboardPublishOptions": {
            "AdHocFilteringOption": {"AvailabilityStatus": "ENABLED"},
            "ExportToCSVOption": {"AvailabilityStatus": "ENABLED"},
            "SheetControlsOption": {"VisibilityState": "EXPANDED"},
        },
        "Definition": body,
    }
    return request | {
        "VersionDescription": fingerprint(request),
        "Permissions": [
            *permissions(setup.owners, _DASHBOARD_OWNER_ACTIONS),
            *permissions(setup.viewers, _DASHBOARD_ACTIONS),
        ],
    }
