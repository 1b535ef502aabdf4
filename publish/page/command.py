"""The command ``page``."""

from __future__ import annotations

import json
import sys
import time
import webbrowser
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from ingest.command_line import DONE, fail, json_option, or_nothing, say
from ingest.storage.open import open_store_of_file
from publish.marts import Marts, marts_options


@click.command()
@click.argument("out", metavar="[OUT.html]", default="dashboard.html", type=click.Path(dir_okay=False))
@click.option("--job", "jobs", metavar="NAME", multiple=True, help="Only this labeling job; several times for several.")
@click.option(
    "--worker",
    "workers",
    metavar="KEY",
    multiple=True,
    help="Only this worker's rows, by worker_key or name, for the worker to see; others only in sums.",
)
@click.option("--workteam", metavar="NAME", help="Only the workers of this work team.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only answers and labels since this day.")
@click.option("--names", is_flag=True, help="People's names from dim_workers, not pseudonyms. Never e-mail addresses.")
@click.option("--title", default="Ground Truth Analytics", show_default=True, help="Title of the page.")
@click.option("--open", "open_it", is_flag=True, help="Open it in the browser.")
@marts_options
@json_option
def page(
    open_marts: Callable[[], Marts],
    out: str,
    jobs: tuple[str, ...],
    workers: tuple[str, ...],
    workteam: str | None,
    since: datetime | None,
    names: bool,
    title: str,
    open_it: bool,
    as_json: bool,
) -> None:
    """Write the dashboards as one HTML file.

    It opens from disk, asks nobody for anything, and has all of its data inside: whoever has the file has every row in
    it. So make one for each audience: --job, --worker and --workteam leave out the rows of all others.
    """
    from publish.page.build import build, vega_bundle
    from publish.page.data import Audience, page_data
    from publish.visuals import visuals

    started = time.monotonic()

    def progress(text: str) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\033[K{text}", nl=False, err=True)

    def make() -> dict[str, Any]:
        from concurrent.futures import ThreadPoolExecutor

        audience = Audience(jobs, workers, workteam, _day(since), names)
        with ThreadPoolExecutor(1) as pool:  # bundling needs none of the data
            bundling = pool.submit(vega_bundle)
            data = page_data(open_marts(), audience, progress)
            progress("the page")
            bundling.result()
        content = build(data, visuals(), title).encode()
        store, name = open_store_of_file(out)
        with store.create(name) as file:
            file.write(content)
        return {
            "page": out,
            "bytes": len(content),
            "answers": data.answers,
            "marts": len(data.packed),
            "left_out": data.left_out,
            "seconds": round(time.monotonic() - started, 1),
        }

    if not Path(out).resolve().parent.is_dir():
        fail(f"{out}: the folder does not exist")
    summary = or_nothing(make, "no page was written")
    progress("")
    if as_json:
        click.echo(json.dumps(summary))
    else:
        megabytes = summary["bytes"] / 1e6
        say(f"{out}: {summary['answers']:,} answers, {megabytes:.1f} MB, in {summary['seconds']} s")
    if open_it:
        webbrowser.open(Path(out).resolve().as_uri())
    sys.exit(DONE)


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
