"""Requests for data sources and data sets on the marts; row-level security is on each data set that has workers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from publish.marts import PEOPLE_MART, PEOPLE_SUFFIX
from publish.quicksight.columns import Column, ColumnsError

RULES_MART = "bridge_row_access"
UNKNOWN_WORKER = "unknown"
"""Instead of a NULL worker_key, which no rule can name: macros/ground_truth/unknown_worker.sql has the same."""
_PEOPLE = {
    "worker_key",
    "worker_name",
    "username",
    "email",
    "workforce",
    "workteam_names",
    "is_enabled",
    "last_submitted_at",
}
_RULES = {"user_name": "UserName", "group_name": "GroupName"}  # QuickSight's names; Athena has lower case only
_SOURCE_ACTIONS = ("DescribeDataSource", "DescribeDataSourcePermissions", "PassDataSource")
_SOURCE_OWNER_ACTIONS = (*_SOURCE_ACTIONS, "UpdateDataSource", "DeleteDataSource", "UpdateDataSourcePermissions")
_SET_ACTIONS = ("DescribeDataSet", "DescribeDataSetPermissions", "PassDataSet", "DescribeIngestion", "ListIngestions")
_SET_OWNER_ACTIONS = (
    *_SET_ACTIONS,
    "UpdateDataSet",
    "DeleteDataSet",
    "CreateIngestion",
    "CancelIngestion",
    "UpdateDataSetPermissions",
    "CreateRefreshSchedule",
    "UpdateRefreshSchedule",
    "DeleteRefreshSchedule",
    "ListRefreshSchedules",
    "PutDataSetRefreshProperties",
)


@dataclass(frozen=True)
class Setup:
    """Where everything is, and who may see it.

    Args:
        account_id: AWS account.
        region: region of QuickSight and Athena.
        role_arn: role with which QuickSight reads the marts.
        owners: principals that may change what is deployed.
        viewers: principals that may look at the dashboard.
        prefix: begins the ids of all that is deployed.
        schema: Glue database of the marts.
        work_group: Athena work group.
        people_role_arn: role that may read dim_workers; without it there is no data set of people.
        people_work_group: Athena work group of that role: its results are not for readers of the marts.
        people_owners: principals that may see who the workers are.
        direct_query: ask Athena at each look, instead of a copy in SPICE.
        partition: of AWS.
    """

    account_id: str
    region: str
    role_arn: str
    owners: tuple[str, ...]
    viewers: tuple[str, ...] = ()
    prefix: str = "ground-truth"
    schema: str = "ground_truth"
    work_group: str = "ground-truth-bi"
    people_role_arn: str | None = None
    people_work_group: str = "ground-truth-people"
    people_owners: tuple[str, ...] = ()
    direct_query: bool = False
    partition: str = "aws"

    def arn(self, kind: str, resource_id: str) -> str:
        """Amazon Resource Name of a resource in QuickSight."""
        return f"arn:{self.partition}:quicksight:{self.region}:{self.account_id}:{kind}/{resource_id}"

    def data_set_id(self, mart: str) -> str:
        """Id of the data set of a mart."""
        return f"{self.prefix}-{mart.replace('_', '-')}"

    def data_set_arns(self, marts: Sequence[str]) -> dict[str, str]:
        """Names of the data sets of marts."""
        return {mart: self.arn("dataset", self.data_set_id(mart)) for mart in marts}


def permissions(principals: Sequence[str], actions: Sequence[str]) -> list[dict[str, Any]]:
    """The permissions of principals on one resource."""
    return [
        {"Principal": principal, "Actions": [f"quicksight:{action}" for action in actions]} for principal in principals
    ]


def data_sources(setup: Setup) -> list[dict[str, Any]]:
    """Requests that make the data sources: one for the marts, and one for people with a role of its own."""
    sources = [_data_source(setup, "marts", setup.role_arn, setup.work_group, setup.owners)]
    if setup.people_role_arn:
        sources.append(
            _data_source(setup, "people", setup.people_role_arn, setup.people_work_group, setup.people_owners)
        )
    return sources


def _data_source(setup: Setup, name: str, role_arn: str, work_group: str, owners: Sequence[str]) -> dict[str, Any]:
    return {
        "AwsAccountId": setup.account_id,
        "DataSourceId": f"{setup.prefix}-{name}",
        "Name": f"Ground Truth Analytics: {name}",
        "Type": "ATHENA",
        "DataSourceParameters": {"AthenaParameters": {"WorkGroup": work_group, "RoleArn": role_arn}},
        "SslProperties": {"DisableSsl": False},
        "Permissions": permissions(owners, _SOURCE_OWNER_ACTIONS),
    }


def data_sets(
    setup: Setup, marts: Mapping[str, Mapping[str, Column]], definition: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Requests that make the data sets, the rules first: the others name them.

    Args:
        setup: where everything is.
        marts: columns of the marts.
        definition: of the dashboard; a data set has the columns that it shows, and worker_key if the mart has it.

    Raises:
        ColumnsError: there is no mart of rules.
    """
    used = _used_columns(definition)
    requests = [_rules(setup, marts)]
    for mart, names in used.items():
        wanted = names | ({"worker_key"} & marts[mart].keys())
        columns = {name: column for name, column in marts[mart].items() if name in wanted}
        requests.append(_data_set(setup, mart, columns, "marts", setup.schema, setup.owners))
    if setup.people_role_arn:
        columns = {name: column for name, column in marts[PEOPLE_MART].items() if name in _PEOPLE}
        requests.append(
            _data_set(setup, PEOPLE_MART, columns, "people", setup.schema + PEOPLE_SUFFIX, setup.people_owners)
        )
    return requests


def refresh_schedules(setup: Setup, sets: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Requests that make the hourly refresh of each copy in SPICE.

    They name no time to begin with: one that is past when they are sent again would be refused.
    """
    return [
        {
            "AwsAccountId": setup.account_id,
            "DataSetId": request["DataSetId"],
            "Schedule": {
                "ScheduleId": "hourly",
                "ScheduleFrequency": {"Interval": "HOURLY"},
                "RefreshType": "FULL_REFRESH",
            },
        }
        for request in sets
        if request["ImportMode"] == "SPICE"
    ]


def _used_columns(definition: Mapping[str, Any]) -> dict[str, set[str]]:
    """Columns of marts that a definition shows, filters by, or calculates with."""
    declared = [item["Identifier"] for item in definition["DataSetIdentifierDeclarations"]]
    used: dict[str, set[str]] = {mart: set() for mart in declared}

    def walk(value: Any) -> Iterator[tuple[str, str]]:
        if isinstance(value, dict):
            if "ColumnName" in value:
                yield value["DataSetIdentifier"], value["ColumnName"]
            for item in value.values():
                yield from walk(item)
        elif isinstance(value, list):
            for item in value:
                yield from walk(item)

    for mart, name in walk(definition):
        used[mart].add(name)
    for sheet in definition["Sheets"]:
        for visual in sheet["Visuals"]:
            (body,) = visual.values()
            mart = next(name for name, _ in walk(body))
            used[mart] |= set(re.findall(r"{(\w+)}", str([*_expressions(body)])))
    for calculated in definition["CalculatedFields"]:
        used[calculated["DataSetIdentifier"]] -= {calculated["Name"]}
        used[calculated["DataSetIdentifier"]] |= set(re.findall(r"{(\w+)}", calculated["Expression"]))
    return used


def _expressions(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            if name == "Expression":
                yield item
            else:
                yield from _expressions(item)
    elif isinstance(value, list):
        for item in value:
            yield from _expressions(item)


def _data_set(
    setup: Setup, mart: str, columns: Mapping[str, Column], source: str, schema: str, owners: Sequence[str]
) -> dict[str, Any]:
    described = [
        {"TagColumnOperation": {"ColumnName": name, "Tags": [{"ColumnDescription": {"Text": _short(column)}}]}}
        for name, column in columns.items()
        if column.description
    ]
    security = {}
    if "worker_key" in columns:
        security = {
            "RowLevelPermissionDataSet": {
                "Arn": setup.arn("dataset", setup.data_set_id(RULES_MART)),
                "PermissionPolicy": "GRANT_ACCESS",
                "FormatVersion": "VERSION_1",
                "Status": "ENABLED",
            }
        }
    return {
        "AwsAccountId": setup.account_id,
        "DataSetId": setup.data_set_id(mart),
        "Name": mart,
        "ImportMode": "DIRECT_QUERY" if setup.direct_query else "SPICE",
        "PhysicalTableMap": {"table": _table(setup, mart, columns, source, schema)},
        "LogicalTableMap": {
            "table": {"Alias": mart, "Source": {"PhysicalTableId": "table"}, "DataTransforms": described}
        },
        **security,
        "Permissions": permissions(owners, _SET_OWNER_ACTIONS),
    }


def _table(setup: Setup, mart: str, columns: Mapping[str, Column], source: str, schema: str) -> dict[str, Any]:
    source_arn = setup.arn("datasource", f"{setup.prefix}-{source}")
    types = [
        {"Name": name, "Type": column.type} | ({"SubType": "FLOAT"} if column.type == "DECIMAL" else {})
        for name, column in columns.items()
    ]
    if "worker_key" not in columns or columns["worker_key"].is_known:
        return {
            "RelationalTable": {
                "DataSourceArn": source_arn,
                "Catalog": "AwsDataCatalog",
                "Schema": schema,
                "Name": mart,
                "InputColumns": types,
            }
        }
    # No rule can show a row that has no worker: it gets a key that rules can name.
    selected = [f"coalesce({name}, '{UNKNOWN_WORKER}') as {name}" if name == "worker_key" else name for name in columns]
    query = f'select {", ".join(selected)} from "{schema}".{mart}'
    return {"CustomSql": {"DataSourceArn": source_arn, "Name": mart, "SqlQuery": query, "Columns": types}}


def _short(column: Column) -> str:
    """A description in the 500 characters that QuickSight keeps."""
    text = column.description
    return text if len(text) <= 500 else text[:499].rpartition(" ")[0] + "…"


def _rules(setup: Setup, marts: Mapping[str, Mapping[str, Column]]) -> dict[str, Any]:
    """The data set of the rules. It has no column but those of the rules: QuickSight takes every other for a rule."""
    if RULES_MART not in marts:
        raise ColumnsError(f"{RULES_MART} is no mart of the models: without its rules, everybody would see all rows")
    columns = {name: marts[RULES_MART][name] for name in (*_RULES, "worker_key")}
    request = _data_set(setup, RULES_MART, columns, "marts", setup.schema, setup.owners)
    del request["RowLevelPermissionDataSet"]
    request["LogicalTableMap"]["table"]["DataTransforms"] = [
        {"RenameColumnOperation": {"ColumnName": name, "NewColumnName": new}} for name, new in _RULES.items()
    ]
    return request | {"UseAs": "RLS_RULES", "ImportMode": "SPICE"}
