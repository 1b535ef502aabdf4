"""Marts as files: CSV that a spreadsheet may open, Parquet, or JSON lines."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import IO, Any

import click
import pyarrow as pa
import pyarrow.compute as pc

from ingest.command_line import DONE, NOTHING_DONE, fail, json_option, or_nothing, s3_options, say
from ingest.storage.open import open_store
from ingest.storage.store import S3Options
from publish.marts import PEOPLE_MART, Marts, MartsError, marts_options, relation
from publish.visuals import literals

# What a spreadsheet takes for the beginning of a formula, in ASCII and in the wide letters of East Asia.
_FORMULA = r"^[=+\-@\t\r\n\x{ff1d}\x{ff0b}\x{ff0d}\x{ff20}]"
_BATCH_ROWS = 10_000


class Format(StrEnum):
    """Kinds of files, by what their names end with."""

    CSV = "csv"
    PARQUET = "parquet"
    JSONL = "jsonl"


def without_formulas(table: pa.Table) -> pa.Table:
    """The table, with an apostrophe before each text that a spreadsheet would run as a formula."""
    for place, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            column = table.column(place)
            escaped = pc.binary_join_element_wise("'", column, "")
            table = table.set_column(
                place, field, pc.if_else(pc.match_substring_regex(column, _FORMULA), escaped, column)
            )
    return table


def write(table: pa.Table, form: Format, file: IO[bytes] | io.RawIOBase) -> None:
    """Write a table. In CSV, NULL is nothing and an empty text is two quotes."""
    if form is Format.PARQUET:
        from pyarrow import parquet

        parquet.write_table(table, file, compression="zstd")
    elif form is Format.CSV:
        from pyarrow import csv

        csv.write_csv(without_formulas(table), file)
    else:
        for line in _json_lines(table):
            file.write(line)


def _json_lines(table: pa.Table) -> Iterator[bytes]:
    for batch in table.to_batches(_BATCH_ROWS):
        lines = (json.dumps(row, ensure_ascii=False, default=_as_json) for row in batch.to_pylist())
        yield "".join(f"{line}\n" for line in lines).encode()


def _as_json(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else float(value)


def read(marts: Marts, mart: str, jobs: Sequence[str] = ()) -> pa.Table:
    """A mart's rows, of some jobs or of all, in an order that is the same each time.

    Raises:
        MartsError: the mart cannot be read.
    """
    where = f" where job_name in ({literals(jobs)})" if jobs else ""
    table = marts.query(f"select * from {relation(marts, mart)}{where}")
    keys = [field.name for field in table.schema if not pa.types.is_floating(field.type)]
    return table.sort_by([(name, "ascending") for name in keys])


def first_sentence(description: str) -> str:
    """The first sentence of a description."""
    return re.split(r"(?<=\.)\s", description, maxsplit=1)[0]


@click.command()
@marts_options
@s3_options
@click.argument("mart", required=False)
@click.argument("out", required=False)
@click.option("--list", "is_list", is_flag=True, help="List the marts, with what each of them is.")
@click.option("--all", "is_all", is_flag=True, help="Every mart, without dim_workers, which has people's names.")
@click.option("--people", is_flag=True, help="With --all: dim_workers too.")
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in Format]),
    default=Format.CSV.value,
    show_default=True,
    help="What to write. In csv, texts that look like formulas get an apostrophe.",
)
@click.option("--job", "jobs", multiple=True, metavar="NAME", help="Only the rows of this labeling job. Repeatable.")
@json_option
def export(
    open_marts: Callable[[], Marts],
    s3: S3Options,
    mart: str | None,
    out: str | None,
    is_list: bool,
    is_all: bool,
    people: bool,
    form: str,
    jobs: tuple[str, ...],
    as_json: bool,
) -> None:
    """Write MART to a file of its name in OUT, a folder or an s3:// URI; default: this folder.

    With --all, the only argument is OUT. Marts that are not by labeling job are left out if --job is given.

    Exit status: 0 done, 2 nothing done.
    """
    if is_all and out is not None:
        raise click.UsageError("--all takes one argument, the folder")
    if people and not is_all:
        raise click.UsageError("--people goes with --all")
    if not (mart or is_all or is_list):
        raise click.UsageError("which mart? --list shows them; --all takes them all")
    marts = or_nothing(open_marts, "nothing was written")
    described = or_nothing(marts.descriptions, "nothing was written")
    if is_list:
        _show(described, as_json)
        return
    folder = (mart if is_all else out) or "."
    names = [name for name in described if people or name != PEOPLE_MART] if is_all else [mart or ""]
    if not is_all and mart not in described:
        fail(f"no mart {mart!r}: `export --list` shows those that there are")
    if jobs:
        names = _by_job(marts, names, jobs)
    try:
        written = or_nothing(
            lambda: _export(marts, names, folder, Format(form), jobs, s3),
            "files that are not named here were not written",
        )
    except pa.ArrowException as error:
        fail(f"{folder}: {error}")
    rows = sum(count for count, _ in written.values())
    if as_json:
        files = {name: {"rows": count, "uri": uri} for name, (count, uri) in written.items()}
        click.echo(json.dumps({"marts": files, "rows": rows}))
    else:
        say(f"{len(written):,} {'mart' if len(written) == 1 else 'marts'}, {rows:,} rows, in {folder}")
    sys.exit(DONE if written else NOTHING_DONE)


def _show(described: dict[str, str], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"marts": described}))
        return
    width = max(map(len, described), default=0)
    for name, description in described.items():
        say(f"{name.ljust(width)}  {first_sentence(description)}".rstrip())


def _by_job(marts: Marts, names: Sequence[str], jobs: Sequence[str]) -> list[str]:
    """Those of the marts that have a job's rows; ends the command if there are none, or no such job."""

    def look() -> tuple[set[str], list[str]]:
        found = marts.query(f"select job_name from dim_labeling_jobs where job_name in ({literals(jobs)})")
        return set(found["job_name"].to_pylist()), [name for name in names if "job_name" in marts.columns(name)]

    known, by_job = or_nothing(look, "nothing was written")
    if unknown := [job for job in jobs if job not in known]:
        fail(f"no labeling job {', '.join(map(repr, unknown))}: dim_labeling_jobs has those that there are")
    for name in names:
        if name not in by_job:
            say(f"{name}: is not by labeling job, left out", err=True)
    if not by_job:
        fail("nothing to write: leave --job out")
    return by_job


def _export(
    marts: Marts, names: Sequence[str], folder: str, form: Format, jobs: Sequence[str], s3: S3Options
) -> dict[str, tuple[int, str]]:
    """Number of rows and URI of each mart's file."""
    store = open_store(folder, s3)
    written = {}
    for name in names:
        try:
            table = read(marts, name, jobs)
        except MartsError as error:
            raise MartsError(f"{name}: {error}") from None
        path = f"{name}.{form.value}"
        with store.create(path) as file:
            write(table, form, file)
        written[name] = (table.num_rows, store.uri_of(path))
        say(f"{name}: {table.num_rows:,} rows", err=True)
    return written
