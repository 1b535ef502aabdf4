"""The reader of the marts."""

import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from publish.marts import DuckDBMarts, MartsError, _from_csv


def test_a_missing_warehouse_is_said(tmp_path: Path) -> None:
    with pytest.raises(MartsError, match="no such warehouse: run `dbt build` first"):
        DuckDBMarts(str(tmp_path / "none.duckdb"))


def test_types_are_those_of_athena(tmp_path: Path) -> None:
    path = str(tmp_path / "marts.duckdb")
    with duckdb.connect(path) as connection:
        connection.execute("create table a_mart as select 1::integer as small, 2::bigint as large, 'x' as text")
        connection.execute(
            "create schema main_people; create table main_people.dim_workers as select 'w' as worker_key"
        )
    marts = DuckDBMarts(path)
    assert marts.columns("a_mart") == {"small": pa.int64(), "large": pa.int64(), "text": pa.string()}
    assert marts.columns("dim_workers") == {"worker_key": pa.string()}
    assert marts.columns("no_mart") == {}
    assert marts.query("select sum(large) as total, avg(small) as mean from a_mart").to_pylist() == [
        {"total": 2, "mean": 1.0}
    ]
    with pytest.raises(MartsError, match="no_mart"):
        marts.query("select * from no_mart")


def test_athenas_csv_keeps_types_nulls_and_line_breaks() -> None:
    columns = [
        {"Name": "n", "Type": "bigint"},
        {"Name": "share", "Type": "double"},
        {"Name": "text", "Type": "varchar"},
        {"Name": "is_known", "Type": "boolean"},
        {"Name": "day", "Type": "date"},
        {"Name": "at", "Type": "timestamp"},
    ]
    body = (
        b'"n","share","text","is_known","day","at"\n'
        b'"1","0.5","a ""b""\nc","true","2026-01-31","2026-01-31 12:00:00.250"\n'
        b',,"",,,\n,,,"false",,\n'
    )
    assert _from_csv(body, columns).to_pylist() == [
        {
            "n": 1,
            "share": 0.5,
            "text": 'a "b"\nc',
            "is_known": True,
            "day": datetime.date(2026, 1, 31),
            "at": datetime.datetime(2026, 1, 31, 12, 0, 0, 250_000),
        },
        {"n": None, "share": None, "text": "", "is_known": None, "day": None, "at": None},
        {"n": None, "share": None, "text": None, "is_known": False, "day": None, "at": None},
    ]
