"""The loader's command line."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click
from tqdm import tqdm

from ingest import __version__
from ingest.command_line import (
    DONE,
    DONE_WITH_REJECTED,
    FiniteRange,
    fail,
    json_option,
    or_nothing,
    s3_options,
    say,
)
from ingest.display import text_table
from ingest.formats.parsing import BadFile, milliseconds
from ingest.lake.compact import compact as compact_lake
from ingest.lake.forget import Forgotten, Selection
from ingest.lake.forget import forget as forget_rows
from ingest.lake.lake import Lake
from ingest.lake.status import status as lake_status
from ingest.lake.vacuum import vacuum as vacuum_lake
from ingest.load.outcome import Summary
from ingest.load.plan import Options
from ingest.load.run import load as load_files
from ingest.review_batches import write_review_batches
from ingest.storage.store import S3Options

if TYPE_CHECKING:
    from ingest.aws.resources import SyncSummary

_Result = TypeVar("_Result")
_Command = TypeVar("_Command", bound=Callable[..., None])

# Those of `ingest.sample`, which takes a while to import.
FAULTS = (
    *("skills", "imbalance", "mislabeled", "duplicates", "miscalibration", "adjustments", "slips", "displacements"),
    *("speeding", "copying", "worsening", "rubber-stamping", "ambiguity", "clocks", "overlaps", "log-gaps"),
)

_LOG_SECONDS = 10
# A hundred years, in hours: longer than any file is old.
_YEARS = 876_000
_ERRORS_SHOWN = 20


class _PairType(click.ParamType[tuple[str, str]]):
    def __init__(self, form: str = "JOB=VALUE") -> None:
        self.name = form

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        job, separator, text = value.partition("=")
        if not (job and separator and text):
            self.fail(f"{value!r}: expected {self.name}", param, ctx)
        return job, text


class _NamespaceType(click.ParamType[str]):
    name = "NAME"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value and not _NAMESPACE.fullmatch(value):
            self.fail(f"{value!r}: expected letters, digits, - and _, such as prod", param, ctx)
        return value


_NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


class _TimeType(click.ParamType[int]):
    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return value if isinstance(value, int) else milliseconds(value)
        except BadFile as error:
            self.fail(str(error), param, ctx)


def _since_option(explanation: str) -> Callable[[_Command], _Command]:
    return click.option("--since", type=_TimeType(), help=f"{explanation}, such as 2026-01-31 or 2026-01-31T12:00Z.")


def _from_option(explanation: str) -> Callable[[_Command], _Command]:
    return click.option(
        "--from",
        "saved",
        multiple=True,
        metavar="FILE",
        help=f"Read {explanation} from a file, or from the .json, .jsonl and .gz files in a folder, instead of "
        "calling AWS. Repeatable.",
    )


_sync_forgotten_option = click.option(
    "--include-forgotten", is_flag=True, help="Load again what `forget` erased, except workers."
)


def _option_by_job(name: str, value: str, explanation: str) -> Callable[[_Command], _Command]:
    return click.option(
        name, type=_PairType(), multiple=True, metavar=f"JOB={value}", help=f"{explanation} Repeatable."
    )


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="ingest")
def cli() -> None:
    """Load Amazon SageMaker Ground Truth output into a lake of typed Parquet tables.

    SOURCE and LAKE are each a folder or an s3:// URI. Exit status: 0 done, 1 done but some files were rejected or
    skipped, 2 nothing done.
    """


@cli.command()
@click.argument("source")
@click.argument("lake")
@_option_by_job("--label-attribute", "NAME", "Label attribute of a job, if its manifest has several.")
@_option_by_job("--golden", "FILE", "Golden answers of a job, if not in its folder as golden.manifest.")
@_option_by_job("--label-category-config", "FILE", "Label category config of a job, if not in its folder.")
@_option_by_job("--review-batches", "FOLDER", "Batches of a bulk-review job, if not in its folder.")
@click.option(
    "--job",
    "manifest_of",
    default="",
    metavar="NAME",
    help="SOURCE is one output manifest, of any name, maybe gzipped: that of job NAME.",
)
@click.option(
    "--namespace",
    type=_NamespaceType(),
    default="",
    metavar="NAME",
    help="Put NAME/ before the names of SOURCE's jobs, to have two folders of one name: of two accounts, or a backup. "
    "JOB in the other options is then NAME/FOLDER.",
)
@click.option("--include-forgotten", is_flag=True, help="Load again the files that `forget` erased.")
@click.option(
    "--processes", type=click.IntRange(0, 1_024), default=0, help="Number of worker processes; 0: one per processor."
)
@click.option(
    "--file-memory",
    "file_memory_mb",
    type=click.IntRange(16, 1_000_000),
    default=1_024,
    show_default=True,
    metavar="MB",
    help="Memory that one file may take; a file that needs more is rejected.",
)
@s3_options
@json_option
def load(
    source: str,
    lake: str,
    label_attribute: tuple[tuple[str, str], ...],
    golden: tuple[tuple[str, str], ...],
    label_category_config: tuple[tuple[str, str], ...],
    review_batches: tuple[tuple[str, str], ...],
    manifest_of: str,
    namespace: str,
    include_forgotten: bool,
    processes: int,
    file_memory_mb: int,
    s3: S3Options,
    as_json: bool,
) -> None:
    """Load new and changed files from SOURCE into LAKE.

    SOURCE holds one job folder or many, at any depth. Files that have not changed since an earlier load are not read
    again. A broken file is recorded with the reason, and the rest is loaded. All tables are committed at once.
    """
    options = Options(
        label_attributes=dict(label_attribute),
        golden=dict(golden),
        label_category_configs=dict(label_category_config),
        review_batches=dict(review_batches),
        namespace=namespace,
        manifest_of=manifest_of,
        include_forgotten=include_forgotten,
        processes=processes,
        file_memory_mb=file_memory_mb,
        s3=s3,
    )
    with _Progress() as progress:
        summary = or_nothing(lambda: load_files(source, lake, options, progress.show))
    if as_json:
        click.echo(json.dumps(asdict(summary)))
    else:
        click.echo(
            f"{summary.files_loaded:,} files loaded ({summary.rows:,} rows), {summary.files_unchanged:,} unchanged, "
            f"{summary.files_rejected:,} rejected, {summary.files_skipped:,} skipped, "
            f"{summary.files_ignored:,} ignored"
            + (f", {summary.files_forgotten:,} forgotten" if summary.files_forgotten else "")
            + _dropped(summary.values_dropped)
        )
        _show_findings(summary.errors, summary.warnings)
    sys.exit(DONE_WITH_REJECTED if summary.errors or summary.warnings else DONE)


@cli.command()
@click.argument("lake")
@click.option("--name-contains", metavar="TEXT", help="Only jobs whose name contains TEXT.")
@_since_option("Only jobs created since TIME")
@_from_option("saved responses of DescribeLabelingJob, ListLabelingJobs and ListLabelingJobsForWorkteam")
@_sync_forgotten_option
@s3_options
@json_option
def sync_jobs(
    lake: str,
    name_contains: str | None,
    since: int | None,
    saved: tuple[str, ...],
    include_forgotten: bool,
    s3: S3Options,
    as_json: bool,
) -> None:
    """Add labeling jobs' status, counts, team and price to LAKE.

    Reads every job in the account and region unless the options select some. Needs sagemaker:ListLabelingJobs and
    sagemaker:DescribeLabelingJob.
    """
    from ingest.aws import clients, labeling_jobs, resources  # imported here because their libraries are slow to import

    if saved and (name_contains or since is not None):
        raise click.UsageError("--name-contains and --since cannot be used with --from: they select jobs in the API")

    def run() -> SyncSummary:
        known = resources.KnownResources(Lake.open(lake, s3))
        if saved:
            jobs = labeling_jobs.saved_jobs(resources.saved_files(saved, s3), clients.default_region())
        else:
            jobs = labeling_jobs.described_jobs(clients.client("sagemaker"), name_contains, since)
        return resources.sync(known, labeling_jobs.without_namesakes(known, jobs), include_forgotten)

    _finish_sync(or_nothing(run), as_json)


@cli.command()
@click.argument("lake")
@click.option("--workteam", multiple=True, metavar="NAME", help="Only this team and its members. Repeatable.")
@click.option(
    "--user-pool",
    multiple=True,
    metavar="ID",
    help="Every user in this Cognito user pool; with --from, the pool of the users in FILE. Repeatable.",
)
@_from_option("saved responses of ListUsers, DescribeWorkteam and ListWorkteams")
@click.option(
    "--members",
    type=_PairType("TEAM=FILE"),
    multiple=True,
    metavar="TEAM=FILE",
    help="Read the members of TEAM from a saved response of ListUsersInGroup, instead of calling AWS. Repeatable.",
)
@_sync_forgotten_option
@s3_options
@json_option
def sync_workers(
    lake: str,
    workteam: tuple[str, ...],
    user_pool: tuple[str, ...],
    saved: tuple[str, ...],
    members: tuple[tuple[str, str], ...],
    include_forgotten: bool,
    s3: S3Options,
    as_json: bool,
) -> None:
    """Add workers' names, e-mail addresses and teams to LAKE.

    Reads every work team in the account and region unless the options select some. Forgotten workers are left out.
    Needs sagemaker:ListWorkteams (with --workteam, sagemaker:DescribeWorkteam) and cognito-idp:ListUsersInGroup; with
    --user-pool, also cognito-idp:ListUsers.
    """
    from ingest.aws import clients, resources, workers

    is_saved = bool(saved or members)
    if is_saved and workteam:
        raise click.UsageError("--workteam cannot be used with --from or --members: it selects teams in the API")
    if is_saved and len(user_pool) > 1:
        raise click.UsageError("with --from or --members, give --user-pool only once")
    try:
        for pool in user_pool:
            workers.pool_of(pool)
    except BadFile as error:
        raise click.UsageError(str(error)) from None

    def run() -> SyncSummary:
        known = resources.KnownResources(Lake.open(lake, s3))
        if is_saved:
            of_teams = [(team, file) for team, location in members for file in resources.saved_files([location], s3)]
            found = workers.saved_workers(resources.saved_files(saved, s3), of_teams, *user_pool)
        else:
            found = workers.listed_workers(clients.client, workteam, user_pool)
        return resources.sync(known, found, include_forgotten)

    _finish_sync(or_nothing(run), as_json)


@cli.command()
@click.argument("lake")
@_since_option("Read from TIME on, even if it was read before")
@_from_option("exported logs and saved responses of FilterLogEvents")
@_sync_forgotten_option
@s3_options
@json_option
def sync_activity(
    lake: str, since: int | None, saved: tuple[str, ...], include_forgotten: bool, s3: S3Options, as_json: bool
) -> None:
    """Add the log of workers' activity to LAKE.

    One event for each task accepted, submitted, returned or declined. Reads the CloudWatch log group of worker
    activity, from where the last run stopped. Needs logs:FilterLogEvents.
    """
    from ingest.aws import clients, resources, worker_activity

    if saved and since is not None:
        raise click.UsageError("--since cannot be used with --from: it selects events in the log")

    def run() -> SyncSummary:
        known = resources.KnownResources(Lake.open(lake, s3))
        if saved:
            activity = worker_activity.saved_activity(resources.saved_files(saved, s3))
        else:
            logs = clients.client("logs")
            home = worker_activity.log_uri(logs.meta.region_name, clients.account())
            start = since if since is not None else worker_activity.last_read(known, home)
            activity = worker_activity.logged_days(logs, home, start)
        return resources.sync(known, activity, include_forgotten)

    _finish_sync(or_nothing(run), as_json)


def _finish_sync(summary: SyncSummary, as_json: bool) -> NoReturn:
    text = (
        f"{summary.loaded:,} loaded ({summary.rows:,} rows), {summary.unchanged:,} unchanged, "
        f"{summary.rejected:,} rejected, {summary.skipped:,} skipped"
    )
    text += f", {summary.forgotten:,} forgotten" if summary.forgotten else ""
    _show(asdict(summary), as_json, text + _dropped(summary.values_dropped))
    if not as_json:
        _show_findings(summary.errors, summary.warnings)
    sys.exit(DONE_WITH_REJECTED if summary.errors or summary.warnings else DONE)


@cli.command()
@click.argument("lake")
@s3_options
@json_option
def status(lake: str, s3: S3Options, as_json: bool) -> None:
    """Show what LAKE holds, and what was rejected and why."""
    found = or_nothing(lambda: lake_status(Lake.open(lake, s3, must_exist=True)))
    if as_json:
        click.echo(json.dumps(asdict(found)))
        return
    rows: list[tuple[object, ...]] = [
        ("job", "files", "rows", "rejected", "skipped", "last loaded (UTC)", "newest file (UTC)")
    ]
    rows += [
        (
            job.job_name,
            job.files,
            job.rows,
            job.rejected,
            job.skipped,
            _time(job.last_loaded_at),
            _time(job.newest_source_at),
        )
        for job in found.jobs
    ]
    click.echo(text_table(rows))
    if found.directories:
        rows = [("directory", "entries", "rows", "rejected", "skipped", "last loaded (UTC)", "newest entry (UTC)")]
        rows += [
            (
                kind.file_kind,
                kind.files,
                kind.rows,
                kind.rejected,
                kind.skipped,
                _time(kind.last_loaded_at),
                _time(kind.newest_source_at),
            )
            for kind in found.directories
        ]
        click.echo(f"\n{text_table(rows)}")
    if found.forgotten_files:
        click.echo(f"{found.forgotten_files:,} forgotten")
    _show_errors(found.errors)
    _show_errors(_marked(found.warnings))


@cli.command()
@click.argument("lake")
@click.option("--database", required=True, metavar="NAME", help="Glue database; created if missing.")
@s3_options
@json_option
def register(lake: str, database: str, s3: S3Options, as_json: bool) -> None:
    """Create or widen the tables of LAKE in AWS Glue.

    LAKE must be on S3. Run it after the first load and after each upgrade of the loader; running it again changes
    nothing. Missing columns are added. Any other difference is an error, and nothing is changed.

    Needs s3:ListBucket and s3:GetObject on the lake's bucket and, on the catalog, the database and its tables,
    glue:GetTables, glue:CreateTable, glue:UpdateTable and, if the database is missing, glue:CreateDatabase.
    """
    from ingest.aws.clients import client  # imported here because their libraries are slow to import
    from ingest.aws.glue import register as register_tables

    done = or_nothing(lambda: register_tables(Lake.open(lake, s3, must_exist=True).uri, database, client("glue")))
    text = (
        f"{len(done.created):,} tables created, {len(done.widened):,} widened, {len(done.updated):,} updated, "
        f"{len(done.unchanged):,} unchanged in Glue database {database}"
    )
    lines = [f"  {table}: {', '.join(columns)} added" for table, columns in done.widened.items()]
    _show(asdict(done), as_json, text, *lines)


@cli.command()
@click.argument("lake")
@s3_options
@json_option
def compact(lake: str, s3: S3Options, as_json: bool) -> None:
    """Merge the small files of LAKE and drop outdated rows.

    Rows that a newer load replaced, and forgotten rows, are left out. Old files stay until `vacuum`.
    """
    done = or_nothing(lambda: compact_lake(Lake.open(lake, s3, must_exist=True)))
    text = f"{done.loads_rewritten:,} loads merged into one" if done.loads_rewritten else "nothing to merge"
    _show(done._asdict(), as_json, text + _dropped(done.values_dropped))


@cli.command()
@click.argument("lake")
@click.option(
    "--grace-hours",
    type=FiniteRange(0, _YEARS),
    default=24,
    show_default=True,
    help="Keep younger files: a dbt run may still need them.",
)
@s3_options
@json_option
def vacuum(lake: str, grace_hours: float, s3: S3Options, as_json: bool) -> None:
    """Delete the files of LAKE that no current row needs.

    Also deletes what interrupted loads left behind, of a killed one after half an hour. What a running load has
    written is kept.
    """
    done = or_nothing(lambda: vacuum_lake(Lake.open(lake, s3, must_exist=True), grace_hours))
    counts: dict[str, object] = {
        "files_deleted": done.files,
        "bytes_deleted": done.size_bytes,
        "running_loads": done.running_loads,
    }
    text = f"{done.files:,} files deleted ({done.size_bytes:,} bytes)"
    if done.running_loads:
        text += f"; kept what {done.running_loads:,} running loads have written: run it again when they have ended"
    _show(counts, as_json, text)


@cli.command()
@click.argument("lake")
@click.option("--job", multiple=True, help="Forget a job, by name. Repeatable.")
@click.option(
    "--worker",
    multiple=True,
    help="Forget a worker: worker_key, worker id, pseudonym, user name or e-mail address. Repeatable.",
)
@click.option("--uri", multiple=True, help="Forget a file, or all files below a folder. Repeatable.")
@click.option("--dry-run", is_flag=True, help="Only show what would be forgotten.")
@click.option("--yes", is_flag=True, help="Do not ask before a --uri above a job's folder is forgotten.")
@s3_options
@json_option
def forget(
    lake: str,
    job: tuple[str, ...],
    worker: tuple[str, ...],
    uri: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    s3: S3Options,
    as_json: bool,
) -> None:
    """Erase a job, a worker or files from LAKE for good.

    A --uri above a job's folder, such as /, may take more than is meant: on a terminal it asks, and elsewhere it needs
    --yes.

    Later loads leave them out too. Queries no longer see the rows at once; to delete the bytes, run `compact` and then
    `vacuum --grace-hours 0`.
    """
    if not (job or worker or uri):
        raise click.UsageError("nothing to forget: give --job, --worker or --uri")
    asked: list[Forgotten] = []

    def is_meant(found: Forgotten) -> bool:
        if dry_run or yes or not found.is_sweeping or found in asked:
            return not dry_run
        text = f"this takes {found.files:,} files of {len(found.jobs):,} jobs: {_some(found.jobs)}"
        if not sys.stdin.isatty():
            fail(f"{text}: look at it with --dry-run, and give --yes if it is meant")
        say(text, err=True)
        click.confirm("Forget them for good?", abort=True, err=True)
        asked.append(found)
        return True

    done = or_nothing(lambda: forget_rows(Lake.open(lake, s3, must_exist=True), Selection(job, uri, worker), is_meant))
    text = f"{done.files:,} files forgotten, and {done.answers:,} answers of {done.workers:,} workers"
    text += _dropped(done.values_dropped)
    if dry_run:
        of = f" of {len(done.jobs):,} jobs: {_some(done.jobs)}" if done.jobs else ""
        text = f"would forget {done.files:,} files{of}; and {done.answers:,} answers of {done.workers:,} workers"
    _show(asdict(done), as_json, text)


def _dropped(values: int) -> str:
    return f"; {values:,} JSON values named forgotten workers as a whole and are NULL" if values else ""


def _some(names: list[str]) -> str:
    more = len(names) - _ERRORS_SHOWN
    return ", ".join(names[:_ERRORS_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


@cli.command()
@click.argument("csv")
@click.argument("dest")
@click.option(
    "--batch-size",
    type=click.IntRange(1, 100_000),
    default=25,
    show_default=True,
    help="Maximum number of items in a batch.",
)
@click.option("--dest-uri", metavar="URI", help="Where the batches will be when the job runs, if not in DEST.")
@s3_options
@json_option
def review_batches(csv: str, dest: str, batch_size: int, dest_uri: str | None, s3: S3Options, as_json: bool) -> None:
    """Make the input of a bulk-review job from a CSV file.

    Each batch holds images that a model gave the same label. CSV has a header with columns, in any order, for the
    image's URI, the label and the model's confidence (0 to 1, or 0 to 100); other columns are kept. Clips have the
    column video and not image, texts the column text. DEST, an empty
    folder or s3:// URI, gets the batches and manifest.jsonl, the job's input manifest. After the job has run, load its
    output with --review-batches JOB=DEST, or copy the batches to review-batches/ in the job's folder.
    """
    try:
        made = or_nothing(lambda: write_review_batches(csv, dest, batch_size, dest_uri, s3))
    except BadFile as error:
        fail(f"{csv}: {error}")
    text = f"{made.items:,} items of {made.labels:,} labels in {made.batches:,} batches: {made.manifest}"
    _show(asdict(made), as_json, text)


@cli.command()
@click.argument("dest", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--jobs", type=click.IntRange(1, 10_000), default=1, show_default=True, help="How many sets of seven large jobs."
)
@click.option(
    "--objects",
    type=click.IntRange(10, 100_000),
    default=200,
    show_default=True,
    help="Objects in each large image or text job.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=1,
    show_default=True,
    help="The same seed writes the same files.",
)
@click.option(
    "--without",
    type=click.Choice(FAULTS),
    multiple=True,
    metavar="FAULT",
    help=f"Leave out a fault that the marts are to find: {', '.join(FAULTS)}. Repeatable.",
)
@json_option
def sample(dest: Path, jobs: int, objects: int, seed: int, without: tuple[str, ...], as_json: bool) -> None:
    """Write made-up Ground Truth output to DEST.

    For demos, tests and benchmarks: jobs of every task type, golden answers, an audit and one broken file. What is
    wrong with the labels is in DEST/truth, which loads ignore.
    """
    from ingest.sample import DestinationNotEmptyError, generate  # no other command needs it
    from ingest.sample.truth import Fault

    try:
        made = or_nothing(
            lambda: generate(dest, jobs=jobs, objects=objects, seed=seed, without=list(map(Fault, without))),
            f"{dest} is incomplete",
        )
    except DestinationNotEmptyError as error:
        fail(str(error))
    _show(asdict(made), as_json, f"{made.files:,} files with {made.answers:,} answers written to {dest}")


class _Progress:
    """A progress bar on a terminal; a line every ten seconds in a log."""

    def __init__(self) -> None:
        self._bar = tqdm(unit=" files", unit_scale=True, leave=False) if sys.stderr.isatty() else None
        self._last = time.monotonic()

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, summary: Summary) -> None:
        """Show the progress of the load."""
        read = summary.files_loaded + summary.files_rejected
        if self._bar is not None:
            self._bar.update(read - self._bar.n)
            self._bar.set_postfix(rows=f"{summary.rows:,}", rejected=summary.files_rejected)
        elif time.monotonic() - self._last >= _LOG_SECONDS:
            self._last = time.monotonic()
            click.echo(f"{read:,} files read, {summary.rows:,} rows, {summary.files_rejected:,} rejected", err=True)


def _show(summary: dict[str, object], as_json: bool, *lines: str) -> None:
    if as_json:
        click.echo(json.dumps(summary))
    else:
        say(*lines)


def _show_findings(errors: list[dict[str, str]], warnings: list[dict[str, str]]) -> None:
    """What is wrong with files: of those that are not loaded, then of those that are."""
    _show_errors([(error["uri"], error["error"]) for error in errors])
    _show_errors(_marked([(warning["uri"], warning["warning"]) for warning in warnings]))


def _marked(warnings: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(uri, f"loaded, but: {warning}") for uri, warning in warnings]


def _show_errors(errors: list[tuple[str, str]]) -> None:
    for uri, error in errors[:_ERRORS_SHOWN]:
        say(f"  {uri}", f"    {error}", err=True)
    if len(errors) > _ERRORS_SHOWN:
        click.echo(f"  … and {len(errors) - _ERRORS_SHOWN:,} more: see `status`, or --json", err=True)


def _time(milliseconds: int | None) -> str:
    if milliseconds is None:
        return "-"
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M}"
