"""The page as a file: what is in it, for whom, and that nothing else can run in it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from ingest.command_line import DONE, NOTHING_DONE
from publish.cli import cli
from publish.exceptions import findings
from publish.marts import DuckDBMarts
from publish.page import build, data, packing
from publish.page.packing import pack, unpack
from publish.visuals import visuals
from tests.publish.page_file import packed, table
from tests.publish.warehouse import make_warehouse

ANNA, BERT, CARL = (digit * 32 for digit in "abc")
WORKERS = {key: f"worker-{key[:8]}" for key in (ANNA, BERT, CARL)}
TEAMS = {"near": (ANNA, BERT), "far": (CARL,)}
JOBS = {"Cats": (ANNA, BERT), "Dogs": (BERT, CARL)}
FROM = date(2026, 6, 1)


def worker(key: str) -> dict[str, Any]:
    return {"worker_key": key, "worker_name": WORKERS[key]}


def task(job: str, key: str, number: int) -> dict[str, Any]:
    day = date(2026, 6, 1 + number)
    return worker(key) | {
        "task_key": f"{job}/{number}/{key}",
        "object_key": f"{job}/{number}",
        "job_name": job,
        "job_kind": "label",
        "modality": "image",
        "object_index": number,
        "submitted_date": day,
        "submitted_at": datetime(day.year, day.month, day.day, 12),
        "time_spent_seconds": 1.5 * number if number else None,
        "label_count": number,
        "is_golden": number == 1,
        "golden_score": 0.75 if number == 1 else None,
    }


def rows() -> dict[str, list[dict[str, Any]]]:
    """Two jobs, three workers, and marts in which one is named on another's row."""
    tasks = [task(job, key, number) for job, keys in JOBS.items() for key in keys for number in range(3)]
    tasks.append(task("Cats", BERT, 3))  # an object that nobody else answered
    jobs = [{"job_name": job, "job_kind": "label"} for job in JOBS]

    def flag(key: str, other: str, job: str) -> dict[str, Any]:
        alike = {"alike_worker_key": other, "alike_worker_name": WORKERS[other]}
        sentence = f"{WORKERS[key]} drew the same as {WORKERS[other]}, on 3 of 3 objects."
        return worker(key) | alike | {"job_name": job, "flag": "too alike", "explanation": sentence}

    def pair(key: str, other: str, job: str) -> dict[str, Any]:
        return worker(key) | {"other_worker_key": other, "other_worker_name": WORKERS[other], "job_name": job}

    return {
        "fct_worker_tasks": tasks,
        "fct_object_labels": [
            {
                "object_key": f"{job}/{n}",
                "job_name": job,
                "object_index": n,
                "source_uri": uri(job, n),
                "is_inherited": False,
                "label_status": "labeled",
            }
            for job in JOBS
            for n in range(4)
        ],
        "fct_object_reviews": [
            {
                "object_key": f"Check-{number}/7",
                "job_name": f"Check-{number}",
                "job_kind": "verification",
                "audited_job_name": job,
                "object_index": 7,
                "audited_object_key": f"{job}/12",
                "review_no": number,
                "is_accepted": number == 1,
            }
            for job in JOBS
            for number in (1, 2)
        ],
        "dim_labeling_jobs": jobs,
        "rpt_jobs": jobs,
        "rpt_load_health": jobs,
        "rpt_team": [{"modality": "image", "task_count": len(tasks)}],
        "rpt_workers": [worker(key) for key in WORKERS],
        "rpt_worker_flags": [flag(ANNA, BERT, "Cats"), flag(BERT, ANNA, "Cats"), flag(CARL, BERT, "Dogs")],
        "rpt_worker_pairs": [pair(ANNA, BERT, "Cats"), pair(BERT, CARL, "Dogs")],
        "rpt_review_errors": [{"job_name": "Cats", "item_uri": "s3://example/reviewed.png"}],
        "rpt_review_queue": [
            {
                "object_key": f"{job}/{n}",
                "job_name": job,
                "object_index": n,
                "source_uri": uri(job, n),
                "score": 1.0 - n,
            }
            for job in JOBS
            for n in range(4)
        ],
        "bridge_workteam_members": [
            worker(key) | {"workteam_name": team} for team, keys in TEAMS.items() for key in keys
        ],
        "dim_workers": [
            worker(ANNA) | {"username": "anna", "email": "anna@example.com"},
            worker(BERT) | {"username": "bert@example.com"},
            worker(CARL) | {"identity_provider": "Oidc", "identity_sub": "carl.1"},
        ],
    }


def uri(job: str, number: int) -> str:
    return f"s3://example/{job.lower()}/{number}.png"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_warehouse(tmp_path_factory.mktemp("page") / "warehouse.duckdb", rows())


def run(warehouse: str, out: Path, *options: str) -> Result:
    return CliRunner().invoke(cli, ["page", str(out), "--warehouse", warehouse, *options])


def page(warehouse: str, out: Path, *options: str) -> str:
    result = run(warehouse, out, *options)
    assert result.exit_code == DONE, result.output
    return out.read_text(encoding="utf-8")


def all_bytes(content: str) -> str:
    """The page, and all that is packed in it."""
    parts = [gzip.decompress(part).decode("utf-8", "replace") for part in packed(content).values()]
    return "\n".join([re.sub(r"(?s)<script>.*?</script>", "", content), *parts])


# Packing

WORDS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=6) | st.builds(
    "s3://a/{:04d}.png".format, st.integers(0, 99_999)
)
VALUES: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.string(): WORDS,
    pa.int64(): st.integers(-(1 << 40), 1 << 40) | st.integers(0, 300),
    pa.float64(): st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.1, 0.25, 12.345, -3.0, 1 / 3]),
    pa.date32(): st.dates(),
    pa.bool_(): st.booleans(),
}


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    kinds = draw(st.lists(st.sampled_from([*VALUES]), min_size=1, max_size=4))
    size = draw(st.integers(0, 30))

    def column(values: st.SearchStrategy[Any], kind: pa.DataType) -> pa.Array:
        return pa.array(draw(st.lists(st.none() | values, min_size=size, max_size=size)), kind)

    columns = {f"c{place}": column(VALUES[kind], kind) for place, kind in enumerate(kinds)}
    if draw(st.booleans()):  # a few words, and other words that depend on them, or do not
        few = columns["few"] = column(st.sampled_from(["a", "b", "c"]), pa.string())
        columns["follows"] = pa.array([word and word.upper() for word in few.to_pylist()], pa.string())
        columns["free"] = column(st.sampled_from(["x", "y"]), pa.string())
    return pa.table(columns)


def records(columns: Mapping[str, Sequence[Any]]) -> Counter[tuple[Any, ...]]:
    return Counter(zip(*columns.values(), strict=True))


@given(tables(), st.sampled_from([0, 6, 10_000]))
def test_what_is_packed_comes_back(written: pa.Table, from_rows: int) -> None:
    """Also by the ways that are meant for many rows, such as columns that depend on others."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "_DERIVED_FROM", from_rows)
        _, content = pack(written)
    expected = {
        name: [(value - date(1970, 1, 1)).days if isinstance(value, date) else value for value in column.to_pylist()]
        for name, column in zip(written.column_names, written.columns, strict=True)
    }
    assert records(expected) == records(unpack(content))


@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_makes_no_difference(written: pa.Table, random: Any) -> None:
    places = [*range(written.num_rows)]
    random.shuffle(places)
    assert pack(written)[1] == pack(written.take(pa.array(places, pa.int64())))[1]


def test_many_uris_take_little_room() -> None:
    uris = [f"s3://example-bucket/camera-{number % 3}/image-{number:06d}.jpg" for number in range(20_000)]
    header, content = pack(pa.table({"number": range(20_000), "uri": uris}))
    assert [column["name"] for column in header["columns"] if "around" in column] == ["uri"]
    assert uris == unpack(content)["uri"]
    assert len(content) < 2_000


def test_scores_of_many_kinds_keep_seven_digits() -> None:
    scores = [number / 7919 for number in range(7919)] * 2
    _, content = pack(pa.table({"score": scores}), single={"score"})
    assert unpack(content)["score"] == pytest.approx(sorted(scores), rel=1e-7)


def test_what_is_no_number_is_not_known() -> None:
    _, content = pack(pa.table({"share": [0.5, float("nan"), float("inf")]}))
    assert sorted(unpack(content)["share"], key=str) == [0.5, None, None]


# The file


class Elements(HTMLParser):
    """Elements of a page with their attributes and text, as a browser takes them apart."""

    def __init__(self, content: str) -> None:
        super().__init__(convert_charrefs=False)
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[str] | None = None
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        self._open = []
        self.elements.append((tag, dict(attrs), self._open))

    def handle_endtag(self, tag: str) -> None:
        """What follows is not in it."""
        self._open = None

    def handle_data(self, data: str) -> None:
        """Text of the element, if it has no others."""
        if self._open is not None:
            self._open.append(data)

    def of(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        """Attributes and text of the elements of a name."""
        return [(attributes, "".join(text)) for name, attributes, text in self.elements if name == tag]


def digest(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def test_only_the_pages_own_script_and_style_may_run(warehouse: str, tmp_path: Path) -> None:
    elements = Elements(page(warehouse, tmp_path / "page.html", "--title", "</title><script>alert(1)</script>"))
    (policy,) = (attributes["content"] for attributes, _ in elements.of("meta") if "http-equiv" in attributes)
    assert policy
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    code = [text for attributes, text in elements.of("script") if "type" not in attributes]
    assert rules["default-src"] == "'none'"
    assert rules["script-src"].split() == [*map(digest, code)]
    assert rules["style-src"].split() == [digest(text) for _, text in elements.of("style")]
    assert len(code) == 2
    assert "unsafe" not in policy
    kinds = {attributes.get("type") for attributes, _ in elements.of("script")}
    assert kinds == {None, "text/plain", "application/json"}


def test_nothing_is_asked_of_anybody(warehouse: str, tmp_path: Path) -> None:
    elements = Elements(page(warehouse, tmp_path / "page.html")).elements
    sources = [attributes[name] for _, attributes, _ in elements for name in ("src", "href") if name in attributes]
    assert sources == ["data:,"]
    assert not any(name.startswith("on") for _, attributes, _ in elements for name in attributes)


def test_the_same_data_gives_the_same_bytes(warehouse: str, tmp_path: Path) -> None:
    turned = {mart: found[::-1] for mart, found in rows().items()}
    other = make_warehouse(tmp_path / "turned.duckdb", turned)
    first, again = tmp_path / "first.html", tmp_path / "again.html"
    page(warehouse, first)
    page(other, again)
    assert first.read_bytes() == again.read_bytes()


def test_the_page_has_what_the_shared_visuals_need(warehouse: str, tmp_path: Path) -> None:
    content = packed(page(warehouse, tmp_path / "page.html"))
    for visual in visuals():
        missing = visual.columns - unpack(content[visual.mart]).keys()
        assert not missing, f"{visual.id}: {visual.mart} lacks {missing}"


def test_what_needs_a_look_is_as_everywhere(warehouse: str, tmp_path: Path) -> None:
    content = page(warehouse, tmp_path / "page.html")
    found = findings(DuckDBMarts(warehouse))
    assert len(found) == 2, "two who copy are one finding"
    assert table(content, "exceptions")["sentence"] == [finding.sentence for finding in found]
    mine = table(page(warehouse, tmp_path / "mine.html", "--worker", CARL), "exceptions")
    assert mine["worker_key"] == [CARL]
    of_others = table(page(warehouse, tmp_path / "others.html", "--worker", BERT), "exceptions")
    assert of_others["worker_key"] == []
    dogs = table(page(warehouse, tmp_path / "dogs.html", "--job", "Dogs"), "exceptions")
    assert dogs["job_name"] == ["Dogs"]


def test_all_code_is_there_as_written_in_the_declared_order() -> None:
    there = {path.relative_to(build._APP).as_posix() for path in build._APP.rglob("*.js")}
    assert there == set(build.SCRIPTS)
    code = build.app()
    places = [code.index((build._APP / name).read_text(encoding="utf-8")) for name in build.SCRIPTS]
    assert all(before < after for before, after in pairwise(places))


# For whom


@pytest.mark.parametrize("mine", WORKERS)
def test_a_workers_page_has_no_trace_of_others(warehouse: str, tmp_path: Path, mine: str) -> None:
    content = page(warehouse, tmp_path / "page.html", "--worker", WORKERS[mine])
    everything = all_bytes(content)
    for key in WORKERS.keys() - {mine}:
        assert key not in everything
        assert WORKERS[key] not in everything
    assert mine in everything
    assert set(table(content, "fct_worker_tasks")["worker_key"]) == {mine}
    jobs = {job for job, keys in JOBS.items() if mine in keys}
    for mart in ("fct_worker_tasks", "fct_object_labels", "rpt_jobs", "rpt_load_health", "rpt_review_queue"):
        assert set(table(content, mart)["job_name"]) == jobs, mart
    assert (uri("Cats", 3) in everything) == (mine == BERT)
    (sentence, *_) = table(content, "rpt_worker_flags")["explanation"]
    assert sentence == f"{WORKERS[mine]} drew the same as another worker, on 3 of 3 objects."


def test_a_review_is_of_the_job_and_the_object_that_it_judged(warehouse: str, tmp_path: Path) -> None:
    for options, jobs in (((), [*JOBS]), (("--job", "Cats"), ["Cats"])):
        content = page(warehouse, tmp_path / "page.html", *options)
        reviews = table(content, "fct_object_reviews")
        assert sorted(reviews["job_name"]) == sorted(jobs)
        assert {*reviews["object_index"]} == {12}
        assert {*reviews["is_accepted"]} == {True}  # the first review
        assert {*reviews["review_kind"]} == {"verification"}
        assert "Check-1" not in all_bytes(content)


def test_a_workers_page_says_what_it_leaves_out(warehouse: str, tmp_path: Path) -> None:
    result = run(warehouse, tmp_path / "page.html", "--worker", ANNA, "--json")
    left_out = json.loads(result.output)["left_out"]
    assert left_out.keys() == {
        *("rpt_worker_pairs", "rpt_review_errors", "bridge_workteam_members", "fct_object_reviews")
    }
    assert all(reason.startswith("left out: ") for reason in left_out.values())


def test_a_teams_page_has_its_members_only(warehouse: str, tmp_path: Path) -> None:
    content = page(warehouse, tmp_path / "page.html", "--workteam", "near")
    assert set(table(content, "fct_worker_tasks")["worker_key"]) == {ANNA, BERT}
    assert table(content, "rpt_worker_pairs")["other_worker_key"] == [BERT]
    assert CARL not in all_bytes(content)
    assert WORKERS[CARL] not in all_bytes(content)


def test_a_jobs_page_has_no_other_jobs(warehouse: str, tmp_path: Path) -> None:
    content = page(warehouse, tmp_path / "page.html", "--job", "Cats")
    assert "Dogs" not in all_bytes(content)
    assert CARL not in all_bytes(content)
    assert "rpt_workers" not in packed(content), "its figures are over all jobs"
    assert set(table(content, "rpt_worker_flags")["worker_key"]) == {ANNA, BERT}


def test_since_leaves_out_what_came_before(warehouse: str, tmp_path: Path) -> None:
    content = page(warehouse, tmp_path / "page.html", "--since", "2026-06-03")
    days = table(content, "fct_worker_tasks")["submitted_date"]
    assert min(days) == (date(2026, 6, 3) - date(1970, 1, 1)).days


def test_real_names_are_there_only_if_asked_for(warehouse: str, tmp_path: Path) -> None:
    plain = all_bytes(page(warehouse, tmp_path / "plain.html"))
    assert "carl.1" not in plain
    content = page(warehouse, tmp_path / "named.html", "--names")
    assert set(table(content, "fct_worker_tasks")["worker_name"]) == {"anna", WORKERS[BERT], "carl.1"}
    assert "anna drew the same as" in all_bytes(content)
    assert "@example.com" not in all_bytes(content)


def test_a_worker_may_be_asked_for_by_real_name(warehouse: str, tmp_path: Path) -> None:
    content = page(warehouse, tmp_path / "page.html", "--names", "--worker", "anna")
    assert set(table(content, "fct_worker_tasks")["worker_name"]) == {"anna"}
    assert "carl.1" not in all_bytes(content)


# What is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--worker", "nobody"), "error: no worker who answered is called 'nobody': name one by worker_key or"),
        (("--job", "Birds"), "error: no labeling job is called 'Birds': dim_labeling_jobs has their names"),
        (("--workteam", "night"), "error: no work team 'night' has members: bridge_workteam_members has the names"),
        (("--job", "Dogs", "--worker", ANNA), "error: these workers gave no answer in these jobs"),
    ],
)
def test_who_is_not_there_is_refused(warehouse: str, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    result = run(warehouse, tmp_path / "page.html", *options)
    assert result.exit_code == NOTHING_DONE
    assert message in result.output
    assert not [*tmp_path.iterdir()]


def test_too_many_answers_are_refused(warehouse: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "MAXIMUM_ANSWERS", 12)
    result = run(warehouse, tmp_path / "page.html")
    assert result.exit_code == NOTHING_DONE
    assert "13 answers are too many for one page (at most 12): narrow it with --since DATE, --job NAME" in result.output
    assert run(warehouse, tmp_path / "page.html", "--worker", ANNA).exit_code == DONE


def test_too_large_a_page_is_refused(warehouse: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "MAXIMUM_BYTES", 1_000_000)
    result = run(warehouse, tmp_path / "page.html")
    assert result.exit_code == NOTHING_DONE
    assert "MB (at most 1): narrow it with --since DATE, --job NAME" in result.output
    assert not [*tmp_path.iterdir()]


def test_a_missing_folder_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    result = run("none.duckdb", tmp_path / "missing" / "page.html")
    assert result.exit_code == NOTHING_DONE
    assert "missing/page.html: the folder does not exist" in result.output
