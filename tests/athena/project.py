"""The project on a stack, as a team would run it: load to S3, register in Glue, build with dbt, ask Athena."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import boto3

from tests.athena.stack import ROOT, Stack
from tests.athena.statements import without_comments
from tests.pipeline.warehouse import dbt

if TYPE_CHECKING:
    from mypy_boto3_athena.type_defs import QueryExecutionTypeDef

BUCKETS = ("example-lake", "example-marts", "example-results")
WORK_GROUP = "ground-truth-dbt"


class Result(NamedTuple):
    """What a query gave: columns with Athena's names of their types, values as Athena writes them."""

    columns: list[tuple[str, str]]
    rows: list[tuple[str | None, ...]]
    bytes_scanned: int


class Project:
    """One lake and one set of marts on a stack."""

    def __init__(self, stack: Stack, folder: Path, name: str) -> None:
        self._folder = folder
        self.lake = f"s3://{BUCKETS[0]}/{name}"
        self.marts_schema = f"{name}_marts"
        self.environment = {
            **stack.environment,
            "GT_LAKE": self.lake,
            "GT_RAW_DATABASE": f"{name}_raw",
            "GT_SCHEMA": self.marts_schema,
            "GT_S3_DATA_DIR": f"s3://{BUCKETS[1]}/{name}/",
            "GT_S3_STAGING_DIR": f"s3://{BUCKETS[2]}/{name}/",
            "GT_WORK_GROUP": WORK_GROUP,
        }
        session = boto3.Session(
            stack.environment["AWS_ACCESS_KEY_ID"],
            stack.environment["AWS_SECRET_ACCESS_KEY"],
            region_name=stack.environment["AWS_REGION"],
        )
        endpoint = stack.environment["AWS_ENDPOINT_URL"]
        self.s3 = session.client("s3", endpoint_url=endpoint)
        self.glue = session.client("glue", endpoint_url=endpoint)
        self.athena = session.client("athena", endpoint_url=endpoint)
        for bucket in BUCKETS:
            self.s3.create_bucket(Bucket=bucket)
        if WORK_GROUP not in {group.get("Name") for group in self.athena.list_work_groups()["WorkGroups"]}:
            # Not enforced, as dbt-athena needs it to choose where a table's files go.
            self.athena.create_work_group(Name=WORK_GROUP, Configuration={"EnforceWorkGroupConfiguration": False})

    def load(self, source: str) -> None:
        """Load what is new in a source, and register the lake's tables."""
        self._ingest("load", source, self.lake, statuses={0, 1})
        self._ingest("register", self.lake, "--database", self.environment["GT_RAW_DATABASE"])

    def _ingest(self, *arguments: str, statuses: frozenset[int] | set[int] = frozenset({0})) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "ingest", *arguments],
            cwd=ROOT,
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in statuses, done.stderr

    def dbt(self, *arguments: str) -> str:
        """Run dbt on Athena; its output."""
        program = (sys.executable, "-m", "tests.athena.quick_dbt")
        return dbt(
            *(*arguments, "--target", "athena"), folder=self._folder, environment=self.environment, program=program
        )

    def download_lake(self, folder: Path) -> Path:
        """The lake's files as a folder."""
        bucket, _, prefix = self.lake.removeprefix("s3://").partition("/")
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/"):
            for entry in page.get("Contents", []):
                path = folder / entry["Key"].removeprefix(f"{prefix}/")
                path.parent.mkdir(parents=True, exist_ok=True)
                self.s3.download_file(bucket, entry["Key"], str(path))
        return folder

    def bytes_scanned(self) -> list[int]:
        """What each query so far scanned that Athena would charge for: all but Hive's DDL."""
        pages = self.athena.get_paginator("list_query_executions").paginate(WorkGroup=WORK_GROUP)
        executions = [
            self.athena.get_query_execution(QueryExecutionId=identity)["QueryExecution"]
            for page in pages
            for identity in page["QueryExecutionIds"]
        ]
        return [
            execution["Statistics"]["DataScannedInBytes"]
            for execution in executions
            if not re.match(
                r"(create (schema|external)|create or replace view|alter|drop)\b", without_comments(execution["Query"])
            )
        ]

    def size(self, prefix: str = "") -> int:
        """Bytes of the lake's files whose path begins so."""
        bucket, _, lake = self.lake.removeprefix("s3://").partition("/")
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{lake}/{prefix}")
        return sum(entry["Size"] for page in pages for entry in page.get("Contents", []))

    def marts(self) -> dict[str, str]:
        """Names of the marts that Glue has, and the database of each, in alphabetical order."""
        paginator = self.glue.get_paginator("get_tables")
        found = {
            table["Name"]: database
            for database in (self.marts_schema, f"{self.marts_schema}_people")
            for page in paginator.paginate(DatabaseName=database)
            for table in page["TableList"]
        }
        return dict(sorted(found.items()))

    def query(self, sql: str) -> Result:
        """Rows of a query in the marts' database, by Athena's API.

        Raises:
            RuntimeError: the query failed; the message is Athena's.
        """
        identity = self.start(sql)
        execution = self.wait(identity)
        columns: list[tuple[str, str]] = []
        rows: list[tuple[str | None, ...]] = []
        for page in self.athena.get_paginator("get_query_results").paginate(QueryExecutionId=identity):
            columns = [(info["Name"], info["Type"]) for info in page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]]
            rows += [tuple(cell.get("VarCharValue") for cell in row["Data"]) for row in page["ResultSet"]["Rows"]]
        return Result(columns, rows[1:], execution["Statistics"]["DataScannedInBytes"])

    def start(self, sql: str) -> str:
        """Id of a query that was started."""
        return self.athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Catalog": "awsdatacatalog", "Database": self.marts_schema},
            ResultConfiguration={"OutputLocation": self.environment["GT_S3_STAGING_DIR"]},
            WorkGroup=WORK_GROUP,
        )["QueryExecutionId"]

    def wait(self, identity: str) -> QueryExecutionTypeDef:
        """A query that has succeeded.

        Raises:
            RuntimeError: it failed or was cancelled.
        """
        while True:
            execution = self.athena.get_query_execution(QueryExecutionId=identity)["QueryExecution"]
            if execution["Status"]["State"] in ("FAILED", "CANCELLED"):
                raise RuntimeError(execution["Status"]["StateChangeReason"])
            if execution["Status"]["State"] == "SUCCEEDED":
                return execution
