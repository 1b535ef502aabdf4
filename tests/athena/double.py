"""A double of the Athena API in moto's server: the queries it is given run on a real Trino.

What it does not prove: Athena's own limits beyond the length of a statement (partitions a write, timeouts,
concurrency), IAM, Lake Formation, cost, and functions that Trino 476 has and Athena v3 has not.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

import boto3
import trino
from botocore.exceptions import ClientError
from moto.athena.responses import AthenaResponse
from moto.core.responses import BaseResponse
from moto.glue.responses import GlueResponse

from tests.athena.statements import (
    QUERY_BYTES,
    UnsupportedError,
    for_trino,
    is_ddl,
    put_view_columns,
    run_hive_ddl,
    without_comments,
)

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

    from tests.athena.trino_server import TrinoServer

_QUERIES_AT_ONCE = 16
_PAGE_ROWS = 1_000
_PAGE_QUERIES = 50
# Callers ask again after a second or so; an answer that waits for the query saves them that.
_WAIT_SECONDS = 0.8

# What Trino calls, and moto's Glue does not know: an empty answer is right where there are no statistics.
_GLUE_WITHOUT_ANSWER = (
    *("get_column_statistics_for_table", "update_column_statistics_for_table", "delete_column_statistics_for_table"),
    *("get_column_statistics_for_partition", "update_column_statistics_for_partition"),
    *("delete_column_statistics_for_partition", "get_user_defined_functions"),
)

Cell = str | None

# What Athena says of a column's type that has no length of its own: digits, or the longest text.
_PRECISION = {
    "boolean": 0,
    "tinyint": 3,
    "smallint": 5,
    "integer": 10,
    "bigint": 19,
    "float": 17,
    "double": 17,
    "decimal": 38,
    "varchar": 2**31 - 1,
    "varbinary": 2**30,
    "date": 0,
    "timestamp": 3,
}


class Query:
    """A query and what became of it, as the Athena API tells it."""

    def __init__(self, sql: str, database: str | None, output_location: str | None, work_group: str) -> None:
        self.id = str(uuid.uuid4())
        self.sql = sql
        self._database = database
        self.work_group = work_group
        self.state = "QUEUED"
        self.reason: str | None = None
        self.columns: list[dict[str, Any]] = []
        self.rows: list[list[Cell]] = []
        self._update_count: int | None = None
        self._bytes_scanned = 0
        self._submitted_at = self._finished_at = time.time()
        self._cursor: trino.dbapi.Cursor | None = None
        self._bare = without_comments(sql)
        self.is_ddl = is_ddl(self._bare)
        self._results = (
            f"{output_location.rstrip('/')}/{self.id}.{'txt' if self.is_ddl else 'csv'}" if output_location else ""
        )
        self.ended = threading.Event()

    def run(self, server: TrinoServer, glue: GlueClient, s3: Any) -> None:
        """Run it on Trino, or on Glue where it is Hive's DDL, and write its results to S3."""
        try:
            if self.state == "QUEUED":
                self.state = "RUNNING"
                if not run_hive_ddl(self._bare, glue):
                    self._run_on_trino(server)
                    put_view_columns(self._bare, glue)
                self._write_results(s3)
                self._end("SUCCEEDED")
        except trino.exceptions.TrinoUserError as error:
            self._end("FAILED", f"{error.error_name}: {error.message}")
        except (trino.exceptions.Error, UnsupportedError, ClientError, OSError) as error:
            self._end("FAILED", f"{type(error).__name__}: {error}")

    def _run_on_trino(self, server: TrinoServer) -> None:
        with server.connect(self._database) as connection:
            self._cursor = connection.cursor()
            self._cursor.execute(for_trino(self._bare))
            rows = cast(list[list[object]], self._cursor.fetchall())
            self._update_count = self._cursor.rowcount if self._cursor.rowcount >= 0 else None
            self._bytes_scanned = int((self._cursor.stats or {}).get("physicalInputBytes", 0))
            if not self.is_ddl:
                self.columns = [
                    _column(column.name, str(column.type_code)) for column in self._cursor.description or []
                ]
                self.rows = [[_text(value) for value in row] for row in rows]

    def _write_results(self, s3: Any) -> None:
        lines: list[list[Cell]] = [] if self.is_ddl else [[column["Name"] for column in self.columns], *self.rows]
        text = "".join(",".join(_csv(cell) for cell in line) + "\n" for line in lines)
        bucket, _, key = self._results.removeprefix("s3://").partition("/")
        s3.put_object(Bucket=bucket, Key=key, Body=text.encode())

    def stop(self) -> None:
        """Cancel it, if it has not ended."""
        if not self.ended.is_set():
            self._end("CANCELLED", "Query cancelled by user")
            if self._cursor is not None:
                self._cursor.cancel()  # type: ignore[no-untyped-call]

    def _end(self, state: str, reason: str | None = None) -> None:
        if not self.ended.is_set():
            self.state, self.reason, self._finished_at = state, reason, time.time()
            self.ended.set()

    def execution(self) -> dict[str, Any]:
        """What GetQueryExecution says of it."""
        status = {
            "State": self.state,
            "SubmissionDateTime": self._submitted_at,
            "CompletionDateTime": self._finished_at if self.ended.is_set() else None,
            "StateChangeReason": self.reason,
            "AthenaError": {"ErrorCategory": 2, "ErrorMessage": self.reason} if self.state == "FAILED" else None,
        }
        return {
            "QueryExecutionId": self.id,
            "Query": self.sql,
            "StatementType": "DDL" if self.is_ddl else "DML",
            "ResultConfiguration": {"OutputLocation": self._results},
            "QueryExecutionContext": {"Database": self._database},
            "Status": {name: value for name, value in status.items() if value is not None},
            "Statistics": {"DataScannedInBytes": self._bytes_scanned},
            "WorkGroup": self.work_group,
        }

    def results(self, start: int, limit: int) -> dict[str, Any]:
        """A page of what GetQueryResults gives; the first row of DML is the header."""
        header = [] if self.is_ddl else [[column["Name"] for column in self.columns]]
        page = (header + self.rows)[start : start + limit]
        data = [[{} if cell is None else {"VarCharValue": cell} for cell in row] for row in page]
        return {
            "ResultSet": {
                "Rows": [{"Data": row} for row in data],
                "ResultSetMetadata": {"ColumnInfo": self.columns},
            },
            **({"UpdateCount": self._update_count} if self._update_count is not None else {}),
            **({"NextToken": str(start + limit)} if start + limit < len(header) + len(self.rows) else {}),
        }


def _column(name: str, type_: str) -> dict[str, Any]:
    """What GetQueryResults says of a column; PyAthena, and what is built on it, reads all of it."""
    kind, _, length = type_.partition("(")
    digits = [int(text) for text in length.rstrip(")").split(",") if text.strip().isdigit()]
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": kind,
        "Precision": digits[0] if digits else _PRECISION.get(kind, 0),
        "Scale": digits[1] if len(digits) > 1 else 0,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind == "varchar",
    }


def _text(value: object) -> Cell:
    """A value as Athena's API writes it."""
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _csv(cell: Cell) -> str:
    return "" if cell is None else '"' + cell.replace('"', '""') + '"'


def install(server: TrinoServer) -> None:
    """Give moto's Athena the engine that it lacks, and its Glue what Trino asks of it."""
    queries: dict[str, Query] = {}
    threads = ThreadPoolExecutor(_QUERIES_AT_ONCE, thread_name_prefix="query")
    glue, s3 = boto3.client("glue"), boto3.client("s3")  # once, because making one takes longer than a call

    def query_of(request: BaseResponse) -> Query:
        return queries[request._get_param("QueryExecutionId")]

    def start_query_execution(request: AthenaResponse) -> Any:
        sql = request._get_param("QueryString")
        if len(sql.encode()) > QUERY_BYTES:
            return request.error(f"1 validation error: queryString is longer than {QUERY_BYTES} bytes", 400)
        work_group = request._get_param("WorkGroup") or "primary"
        if not (found := request.athena_backend.get_work_group(work_group)):
            return request.error(f"WorkGroup {work_group} is not found.", 400)
        enforced = found["Configuration"].get("EnforceWorkGroupConfiguration")
        of_group = (found["Configuration"].get("ResultConfiguration") or {}).get("OutputLocation")
        of_client = (request._get_param("ResultConfiguration") or {}).get("OutputLocation")
        output_location = of_group if enforced else of_client or of_group
        if not output_location:
            return request.error("No output location provided.", 400)
        database = (request._get_param("QueryExecutionContext") or {}).get("Database")
        query = Query(sql, database, output_location, work_group)
        queries[query.id] = query
        threads.submit(query.run, server, glue, s3)
        return json.dumps({"QueryExecutionId": query.id})

    def get_query_execution(request: AthenaResponse) -> str:
        query = query_of(request)
        query.ended.wait(_WAIT_SECONDS)
        return json.dumps({"QueryExecution": query.execution()})

    def get_query_results(request: AthenaResponse) -> Any:
        query = query_of(request)
        if query.state != "SUCCEEDED":
            return request.error(f"Query did not finish successfully. Final query state: {query.state}", 400)
        limit = int(request._get_param("MaxResults") or _PAGE_ROWS)
        return json.dumps(query.results(int(request._get_param("NextToken") or 0), limit))

    def stop_query_execution(request: AthenaResponse) -> str:
        query_of(request).stop()
        return "{}"

    def list_query_executions(request: AthenaResponse) -> str:
        work_group = request._get_param("WorkGroup") or "primary"
        start, limit = int(request._get_param("NextToken") or 0), int(request._get_param("MaxResults") or _PAGE_QUERIES)
        newest_first = [query.id for query in reversed(queries.values()) if query.work_group == work_group]
        more = {"NextToken": str(start + limit)} if start + limit < len(newest_first) else {}
        return json.dumps({"QueryExecutionIds": newest_first[start : start + limit], **more})

    def list_databases(request: AthenaResponse) -> str:
        databases = glue.get_databases()["DatabaseList"]
        return json.dumps({"DatabaseList": [{"Name": database["Name"]} for database in databases]})

    def list_table_metadata(request: AthenaResponse) -> str:
        tables = glue.get_tables(DatabaseName=request._get_param("DatabaseName"))["TableList"]
        return json.dumps({"TableMetadataList": [_metadata(table) for table in tables]})

    def get_table_metadata(request: AthenaResponse) -> str:
        database, name = request._get_param("DatabaseName"), request._get_param("TableName")
        return json.dumps({"TableMetadata": _metadata(glue.get_table(DatabaseName=database, Name=name)["Table"])})

    for method in (
        *(start_query_execution, get_query_execution, get_query_results, stop_query_execution),
        *(list_query_executions, list_databases, list_table_metadata, get_table_metadata),
    ):
        setattr(AthenaResponse, method.__name__, method)
    for name in _GLUE_WITHOUT_ANSWER:
        setattr(GlueResponse, name, lambda request: "{}")


def _metadata(table: Any) -> dict[str, Any]:
    columns = table.get("StorageDescriptor", {}).get("Columns", [])
    return {
        "Name": table["Name"],
        "TableType": table.get("TableType"),
        "Columns": columns,
        "PartitionKeys": table.get("PartitionKeys", []),
        "Parameters": table.get("Parameters", {}),
    }
