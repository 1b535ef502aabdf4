"""``make athena-up``, ``make athena-down``: a stack to leave running, with the demo's marts to ask."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from ingest.display import text_table
from ingest.tables import LEDGER, TABLES
from tests.athena.comparison import compare_marts
from tests.athena.project import Project
from tests.athena.stack import ROOT, Stack
from tests.athena.stack import serve as serve_stack
from tests.athena.trino_server import CATALOG, USER, TrinoError, unpacked

FOLDER = ROOT / ".athena"
NAME = "demo"


@click.group()
def cli() -> None:
    """Athena on this machine."""


@cli.command()
def fetch() -> None:
    """Fetch and unpack Trino, unless that was done before."""
    with _said():
        unpacked()


@cli.command(hidden=True)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--detached", is_flag=True)
def serve(folder: Path, detached: bool) -> None:
    """The process of a stack."""
    serve_stack(folder, until_input_ends=not detached)


@cli.command()
@click.argument("source")
def up(source: str) -> None:
    """Start a stack, unless one runs, load SOURCE to it, and build its marts."""
    with _said():
        stack = _running() or Stack.start(FOLDER)
    project = Project(stack, FOLDER / "dbt", NAME)
    project.load(source)
    project.dbt("build", "--exclude-resource-type", "unit_test")
    environment = FOLDER / "environment.sh"
    environment.write_text("".join(f"export {name}='{value}'\n" for name, value in project.environment.items()))
    click.echo(
        f"Trino: {stack.trino_url}, user {USER}, catalog {CATALOG}, schema {project.marts_schema}\n"
        f"Athena, Glue, S3: {stack.environment['AWS_ENDPOINT_URL']}; `. {environment.relative_to(ROOT)}` sets what "
        "boto3, the loader and dbt need\n"
        "ask: .venv/bin/python -m tests.athena query 'select * from rpt_team'\n"
        "stop: make athena-down"
    )


@cli.command()
@click.argument("source")
def compare(source: str) -> None:
    """Load SOURCE to a stack of its own, build its marts there and with DuckDB, and compare every row."""
    with _said(), tempfile.TemporaryDirectory() as folder, Stack.running(Path(folder) / "stack") as stack:
        project = Project(stack, Path(folder) / "dbt", NAME)
        project.load(source)
        project.dbt("build", "--exclude-resource-type", "unit_test")
        scanned = project.bytes_scanned()
        raw = [
            (
                table,
                int(project.query(f"select count(*) from {database}.{table}").rows[0][0] or 0),
                project.size(f"raw/{table}/"),
            )
            for database in [project.environment["GT_RAW_DATABASE"]]
            for table in (LEDGER.name, *TABLES)
        ]
        marts = compare_marts(project, Path(folder))
    click.echo(text_table([("raw table", "rows", "bytes"), *raw]))
    click.echo(f"\ndbt build: {len(scanned):,} queries, {sum(scanned):,} bytes scanned")
    click.echo("\n" + text_table([("mart", "rows", "bytes"), *marts]))
    click.echo(f"\n{len(marts)} marts are equal: {sum(mart.row_count for mart in marts):,} rows")


@cli.command()
@click.argument("sql")
def query(sql: str) -> None:
    """Ask the marts, by Athena's API."""
    if (stack := _running()) is None:
        raise click.ClickException("no stack runs: make athena-up")
    with _said():
        result = Project(stack, FOLDER / "dbt", NAME).query(sql)
    click.echo(text_table([tuple(name for name, _ in result.columns), *result.rows]))
    click.echo(f"{len(result.rows):,} rows, {result.bytes_scanned:,} bytes scanned")


@cli.command()
def down() -> None:
    """Stop the stack."""
    if (stack := _running()) is None:
        click.echo("no stack runs")
    else:
        stack.stop()


@contextlib.contextmanager
def _said() -> Iterator[None]:
    """What goes wrong, as a message."""
    try:
        yield
    except (TrinoError, RuntimeError, AssertionError) as error:
        raise click.ClickException(str(error)) from None


def _running() -> Stack | None:
    try:
        return Stack(FOLDER)
    except FileNotFoundError:
        return None


if __name__ == "__main__":
    cli()
