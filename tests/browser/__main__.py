"""``python -m tests.browser``: what the tests in a browser need, and what else a browser is good for."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from tests.browser import bench as benchmark
from tests.browser import chromium
from tests.browser import gallery as pictures
from tests.browser.page import build_page
from tests.browser.warehouses import enlarge
from tests.pipeline.warehouse import ROOT


@click.group()
def cli() -> None:
    """Pages in a browser."""


@cli.command()
def fetch() -> None:
    """Install Chromium from Debian's packages, unless there is one."""
    try:
        click.echo(chromium.fetch())
    except chromium.ChromiumError as error:
        raise click.ClickException(str(error)) from None


@cli.command()
@click.argument("warehouse", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--answers", type=click.IntRange(1), help="Enlarge the warehouse first, to about so many answers.")
def bench(warehouse: Path, answers: int | None) -> None:
    """Measure the page of WAREHOUSE: its size, and how long it takes to build, to open and to filter."""
    with tempfile.TemporaryDirectory() as folder:
        if answers:
            copy = Path(folder) / "warehouse.duckdb"
            enlarge(warehouse, copy, answers)
            warehouse = copy
        click.echo(benchmark.measure(warehouse))


@cli.command()
@click.option(
    "--warehouse",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=ROOT / "demo/warehouse.duckdb",
    show_default="the demo's",
)
def gallery(warehouse: Path) -> None:
    """Draw the pictures of docs/gallery.md."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        copy = Path(folder) / "warehouse.duckdb"
        pictures.as_on_s3(warehouse, copy)
        build_page(copy, page)
        for path in pictures.draw(page, ROOT / "docs/gallery"):
            click.echo(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    cli()
