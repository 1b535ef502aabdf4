"""What `publish` reads is the same on both engines, by its own readers of the marts.

Its code runs on marts that put each query to both, so a query that is new is under test here as soon as its command is.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner
from pyarrow import parquet

from demo.show_marts import answers, screen
from publish.alerts import State, news
from publish.cli import cli
from publish.exceptions import findings
from publish.export import read
from publish.marts import PEOPLE_MART, AthenaMarts, DuckDBMarts, Marts, MartsError
from publish.page.data import Audience, page_data
from publish.quicksight.deployment import unsafe_rules
from publish.review_manifest import write_review_manifest
from publish.visuals import figures_sql, visuals
from tests.athena.comparison import differences
from tests.athena.project import WORK_GROUP
from tests.athena.sample import Sample
from tests.publish.page_file import packed, table


class BothMarts:
    """Marts that ask both engines, and fail unless their answers are equal."""

    def __init__(self, athena: Marts, local: Marts) -> None:
        self._athena, self._local = athena, local
        self.people = "{people}"
        """In place of either engine's name of the schema."""
        self.queries: list[str] = []

    def query(self, sql: str) -> pa.Table:
        """See `Marts`."""
        self.queries.append(sql)
        ours, theirs = (marts.query(sql.replace(self.people, marts.people)) for marts in (self._athena, self._local))
        assert ours.schema == theirs.schema, sql
        assert ours.num_rows == theirs.num_rows, sql
        different = differences(_rows(ours), _rows(theirs))
        assert not different, f"{sql}\n{len(different)} rows differ, the first:\n{different[0][0]}\n{different[0][1]}"
        return theirs

    def columns(self, mart: str) -> dict[str, pa.DataType]:
        """See `Marts`."""
        found = self._athena.columns(mart)
        assert found == self._local.columns(mart), mart
        return found

    def descriptions(self) -> dict[str, str]:
        """See `Marts`."""
        found = self._athena.descriptions()
        assert found == self._local.descriptions()
        return found


def _rows(table: pa.Table) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in table.to_pylist()]


@pytest.fixture(scope="module")
def athena(sample: Sample) -> Iterator[AthenaMarts]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in sample.project.environment.items():
            patch.setenv(name, value)
        environment = sample.project.environment
        yield AthenaMarts(environment["GT_SCHEMA"], WORK_GROUP, environment["GT_S3_STAGING_DIR"], "us-east-1")


@pytest.fixture
def both(athena: AthenaMarts, sample: Sample) -> BothMarts:
    return BothMarts(athena, DuckDBMarts(sample.warehouse))


@pytest.mark.parametrize("visual", visuals(), ids=lambda visual: visual.id)
def test_the_figures_of_a_visual(both: BothMarts, visual: object) -> None:
    assert both.query(figures_sql(visual)).num_rows  # type: ignore[arg-type]


def test_what_is_exported(both: BothMarts) -> None:
    marts = both.descriptions()
    assert PEOPLE_MART in marts
    for mart in marts:
        read(both, mart)
    read(both, "fct_worker_tasks", ["Wildlife-Images", "O'Hare"])


def test_exceptions_alerts_and_the_managers_screen(both: BothMarts) -> None:
    assert findings(both)
    told, _ = news(both, State(), datetime.datetime(2026, 7, 1), 3)
    assert told
    assert list(screen(both, "both"))
    assert list(answers(both))


@pytest.mark.parametrize(
    "audience",
    [
        Audience(),
        Audience(names=True),
        Audience(jobs=("Wildlife-Images",), since=datetime.date(2026, 6, 1)),
        Audience(workers=("worker-4cf5d06b",)),
    ],
    ids=["everybody", "names", "job", "worker"],
)
def test_the_data_of_the_page(both: BothMarts, audience: Audience) -> None:
    assert page_data(both, audience).answers


@pytest.mark.parametrize(
    ("job", "source", "purpose"),
    [
        ("Warehouse-Boxes", "queue", "verification"),
        ("Warehouse-Boxes", "errors", "adjustment"),
        ("Warehouse-Boxes", "certificate", "verification"),
        ("Bird-Review", "errors", "labeling"),
        ("Wildlife-Images", "queue", "verification"),
        ("Message-Tags", "certificate", "verification"),
    ],
)
def test_the_next_labeling_job(both: BothMarts, tmp_path: Path, job: str, source: str, purpose: str) -> None:
    assert write_review_manifest(both, job, str(tmp_path), purpose, source, count=5).objects


def test_the_commands_give_the_same_page_and_files(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in sample.project.environment.items():
        monkeypatch.setenv(name, value)
    engines = {"athena": ("--target", "athena"), "local": ("--target", "local", "--warehouse", sample.warehouse)}
    for name, options in engines.items():
        folder = tmp_path / name
        folder.mkdir()
        for command in (
            ["page", str(folder / "page.html")],
            ["page", str(folder / "job.html"), "--job", "Wildlife-Images", "--names"],
            ["export", "--all", str(folder / "marts"), "--format", "parquet"],
        ):
            done = CliRunner().invoke(cli, [*command, *options])
            assert done.exit_code == 0, done.output
    for page in ("page.html", "job.html"):
        ours, theirs = ((tmp_path / name / page).read_text(encoding="utf-8") for name in engines)
        assert packed(ours).keys() == packed(theirs).keys()
        for mart in packed(ours):
            columns = [table(content, mart) for content in (ours, theirs)]
            assert list(columns[0]) == list(columns[1]), mart
            rows = [[*zip(*some.values(), strict=True)] for some in columns]
            assert len(rows[0]) == len(rows[1]), mart
            assert differences(*rows) == [], mart
    files = [sorted((tmp_path / name / "marts").rglob("*.parquet")) for name in engines]
    assert [file.name for file in files[0]] == [file.name for file in files[1]]
    assert files[0]
    for ours, theirs in zip(*files, strict=True):
        tables = [parquet.read_table(file) for file in (ours, theirs)]
        assert tables[0].schema.equals(tables[1].schema), ours.name
        assert differences(*map(_rows, tables)) == [], ours.name


def test_the_rules_of_row_level_security(both: BothMarts) -> None:
    assert unsafe_rules(both) == []


def test_a_query_that_fails_and_a_mart_that_is_missing(athena: AthenaMarts) -> None:
    with pytest.raises(MartsError, match="no_such_mart"):
        athena.query("select * from no_such_mart")
    assert athena.columns("no_such_mart") == {}


def test_the_rows_of_a_large_mart_come_whole(athena: AthenaMarts, sample: Sample) -> None:
    """GetQueryResults has a thousand rows a page; the file has them all."""
    count = sample.second["fct_worker_labels"]
    assert count > 1_000
    assert athena.query("select * from fct_worker_labels").num_rows == count
