"""The page in a browser: quiet, whole, readable by everybody, on every screen and on paper."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner
from playwright.sync_api import Browser

from publish.cli import cli
from publish.marts import DuckDBMarts
from tests.browser.chromium import Visit, visit
from tests.browser.drawing import blocks, problems
from tests.browser.warehouses import HOSTILE

PHONE = 420
NO_VALUE = "\N{EN DASH}"
_WIDTH = "() => document.documentElement.scrollWidth"


def routes(page: Visit) -> list[str]:
    """Every page, and the worker page of whoever answered most and of nobody."""
    busiest = page.call(
        """() => gta.group("fct_worker_tasks", gta.rows("fct_worker_tasks"), ["worker_key"], {n: ["count", "task_key"]})
            .sort((a, b) => b.n - a.n)[0].worker_key"""
    )
    return [*page.page_ids, f"worker/{busiest}", "worker/nobody"]


@pytest.fixture(scope="module", params=["sample", "hostile"])
def any_page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Visit]:
    """The page of the sample, then the page of hostile names."""
    with visit(browser, request.getfixturevalue(f"{request.param}_page")) as page:
        yield page


def test_it_has_every_page(any_page: Visit) -> None:
    expected = {"overview", "workers", "annotations", "quality", "review_queue", "data_health", "worker"}
    assert set(any_page.page_ids) == expected


def test_every_row_has_its_mark(any_page: Visit) -> None:
    """A blank chart raises no error."""
    kinds = set()
    for job_kinds in (["label"], []):
        any_page.filter({"job_kind": job_kinds})
        for route in routes(any_page):
            any_page.show(route)
            assert not problems(any_page), f"{route} {job_kinds}"
            kinds |= {block.kind for block in blocks(any_page) if block.rows}
    assert {"card", "table", "pivot", "matrix", "bar", "stacked_bar", "line", "histogram", "interval"} <= kinds


def test_shared_visuals_are_on_the_page_that_has_them(any_page: Visit) -> None:
    any_page.filter({})
    shown = set()
    for route in any_page.page_ids:
        any_page.show(route)
        shown |= {block.id for block in blocks(any_page)}
    expected = any_page.call("() => [...gta.visuals.keys()]")
    assert set(expected) <= shown


def test_it_is_quiet(any_page: Visit) -> None:
    """Nothing is asked for, nothing is written to the console, nothing is alerted, whatever is looked at."""
    any_page.filter({})
    for route in routes(any_page):
        any_page.show(route)
        for summary in any_page.page.locator("summary").all():
            summary.click()
        for svg in any_page.page.locator(".figure-box svg").all()[:2]:
            svg.hover(force=True)
    any_page.show("workers")
    any_page.page.locator("[data-visual=worker-metrics] tbody button").first.click()
    any_page.page.locator("dialog tbody tr").first.wait_for()
    any_page.page.keyboard.press("Escape")
    assert (any_page.requests, any_page.messages, any_page.dialogs) == ([], [], [])


def test_the_security_policy_allows_nothing_unsafe(sample_page: Path) -> None:
    found = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', sample_page.read_text())
    assert len(found) == 1
    directives = dict(part.strip().split(" ", 1) for part in found[0].split(";"))
    assert directives["default-src"] == "'none'"
    for name in ("script-src", "style-src"):
        assert all(source.startswith("'sha256-") for source in directives[name].split()), directives[name]
    assert not re.search(r"unsafe|\*|https?:|blob:|strict-dynamic", found[0])
    assert directives["base-uri"] == directives["form-action"] == "'none'"


def test_other_scripts_do_not_run(browser: Browser, sample_page: Path, tmp_path: Path) -> None:
    """The policy is in force: what was not hashed is refused, and said so."""
    changed = tmp_path / "changed.html"
    head, _, foot = sample_page.read_bytes().rpartition(b"</body>")
    changed.write_bytes(head + b"<script>window.foreign = true</script></body>" + foot)
    with visit(browser, changed) as page:
        assert page.call("() => window.foreign") is None
        assert any("Content Security Policy" in message for message in page.messages)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, sample_page: Path, scheme: Literal["light", "dark"]) -> None:
    with visit(browser, sample_page, scheme=scheme) as page:
        assert page.call("() => document.documentElement.dataset.theme") == scheme
        for route in routes(page):
            page.show(route)
            found = Axe().run(page.page)
            assert not found.violations_count, f"{route}: {found.generate_report()[:3_000]}"


@pytest.mark.parametrize("name", ["sample", "hostile"])
def test_a_phone_does_not_scroll_sideways(browser: Browser, request: pytest.FixtureRequest, name: str) -> None:
    with visit(browser, request.getfixturevalue(f"{name}_page"), width=PHONE, height=900) as page:
        for route in routes(page):
            page.show(route)
            assert page.call(_WIDTH) <= PHONE, route
            assert not problems(page), route


def test_paper_has_every_page(browser: Browser, sample_page: Path) -> None:
    with visit(browser, sample_page) as page:
        titles = page.call("() => gta.pages.filter(({hidden}) => !hidden).map(({title}) => title)")
        assert len(titles) == 6
        page.call("() => { window.print = () => (window.printed = document.querySelector('main').innerText); }")
        page.page.get_by_role("button", name="Print all").click()
        page.page.wait_for_function("window.printed")
        assert [title for title in titles if title not in page.call("() => window.printed")] == []
        # As the button does it, but onto paper.
        page.call("() => { gta.printing = true; return gta.showAll(); }")
        paper = page.page.pdf(outline=True, tagged=True, print_background=True)
        outline = paper.decode("latin-1")
        assert [title for title in titles if f"/Title ({title})" not in outline] == []
        assert (page.requests, page.messages) == ([], [])


def test_keys_are_enough(browser: Browser, sample_page: Path) -> None:
    focused = """() => {
        const element = document.activeElement;
        return element === document.body ? "" : (element.getAttribute("aria-label") || element.textContent).trim();
    }"""
    with visit(browser, sample_page) as page:
        keyboard = page.page.keyboard
        page.show("workers")

        def tab_to(text: str) -> None:
            for _ in range(200):
                keyboard.press("Tab")
                if page.call(focused).startswith(text):
                    return
            raise AssertionError(f"{text} cannot be reached")

        page.page.mouse.click(0, 0)
        tab_to("Skip to the figures")
        keyboard.press("Enter")
        assert page.call("() => document.activeElement.tagName") == "MAIN"
        page.page.evaluate("document.activeElement.blur(); window.getSelection().removeAllRanges()")
        page.page.locator("nav a").first.focus()
        tab_to("Job")
        keyboard.press("Enter")
        choices = page.page.locator("#gta-filter-job")
        assert choices.is_visible()
        for _ in range(10):
            if page.call("() => document.activeElement.type") == "checkbox":
                break
            keyboard.press("Tab")
        keyboard.press("Space")
        page.page.wait_for_function("gta.state.job.length === 1")
        keyboard.press("Escape")
        assert not choices.is_visible()
        assert page.call(focused).startswith("Job")
        page.filter({})

        table = page.page.locator("[data-visual=worker-metrics]")
        header = table.locator("th", has_text="Answers")
        header.locator("button").focus()
        keyboard.press("Enter")
        first = [int(text.replace(",", "")) for text in table.locator("tbody td:nth-child(3)").all_inner_texts()]
        keyboard.press("Enter")
        second = [int(text.replace(",", "")) for text in table.locator("tbody td:nth-child(3)").all_inner_texts()]
        assert header.get_attribute("aria-sort") == "ascending"
        assert (first, second) == (sorted(first, reverse=True), sorted(second))
        assert first != second

        show = table.locator("tbody button").first
        show.focus()
        keyboard.press("Enter")
        dialog = page.page.locator("dialog")
        dialog.wait_for()
        assert dialog.locator("tbody tr").count() > 0
        keyboard.press("Escape")
        assert not dialog.is_visible()
        assert page.call("() => document.activeElement.textContent").startswith("Show")


@pytest.mark.parametrize("route", ["overview", "annotations", "quality", "review_queue", "data_health", "worker"])
def test_what_is_behind_each_card_is_shown(any_page: Visit, route: str) -> None:
    """Each card leads to what it counts, or says that there is nothing to list, or has no value."""
    any_page.filter({})
    any_page.show(routes(any_page)[-2] if route == "worker" else route)  # the one who answered most
    listed = 0
    for card in any_page.page.locator("article.card").all():
        behind = card.locator("button.bare")
        if behind.count():
            behind.click()
            any_page.page.locator("dialog tbody tr").first.wait_for(timeout=20_000)
            any_page.page.keyboard.press("Escape")
            listed += 1
        else:
            assert card.locator(".figure").inner_text() == NO_VALUE or "nothing to list" in card.inner_text()
    assert listed >= 4


@pytest.fixture(scope="module")
def opened(browser: Browser, sample_page: Path) -> Iterator[Visit]:
    """The page of the sample, as it opens."""
    with visit(browser, sample_page) as page:
        yield page


def behind_card(page: Visit, card: str) -> list[dict[str, str]]:
    """All rows behind the number of a card, by the titles of their columns."""
    page.page.locator(f"[data-visual={card}] button.bare").click()
    dialog = page.page.locator("dialog")
    dialog.locator("tbody tr").first.wait_for(timeout=20_000)
    titles = [title.strip(" ↑↓↕") for title in dialog.locator("th").all_inner_texts()]
    rows: list[dict[str, str]] = []
    while True:
        lines = dialog.locator("tbody tr").all()
        rows += [dict(zip(titles, line.locator("td").all_inner_texts(), strict=False)) for line in lines]
        following = dialog.get_by_role("button", name="Next")
        if not following.is_visible() or following.is_disabled():
            break
        following.click()
    page.page.keyboard.press("Escape")
    return rows


def test_what_is_done_and_what_was_accepted_is_what_sql_says(opened: Visit, sample: Path) -> None:
    page = opened
    page.show("overview")
    marts = DuckDBMarts(str(sample))
    labeled = marts.query(
        "select job_name, object_index from fct_object_labels "
        "where job_kind = 'label' and label_status = 'labeled' and not is_inherited"
    ).to_pylist()
    done = behind_card(page, "progress")
    assert sorted((row["Job"], int(row["Object"])) for row in done) == sorted(
        (row["job_name"], row["object_index"]) for row in labeled
    )
    reviews = marts.query(
        "select audited_object_key as key, is_accepted from fct_object_reviews inner join dim_labeling_jobs as jobs "
        "on fct_object_reviews.audited_job_name = jobs.job_name where jobs.job_kind = 'label' and review_no = 1"
    ).to_pylist()
    judged = behind_card(page, "first-pass-yield")
    assert sorted((f"{row['Job']}/{row['Object']}", row["Verdict"]) for row in judged) == sorted(
        (row["key"], "accepted" if row["is_accepted"] else "not accepted") for row in reviews
    )
    assert {row["Verdict"] for row in judged} == {"accepted", "not accepted"}


def test_nothing_to_list_is_said(opened: Visit) -> None:
    """A card that counts nothing opens no empty dialog."""
    page = opened
    for selected, route, card, value in (
        ({"job": ["Message-Tags"]}, "review_queue", "queue-length", "0"),
        ({"date": ["2001-01-01", "2001-01-02"]}, "overview", "answers", "0"),
        ({"job": ["Message-Tags"]}, "annotations", "frames", "0"),
    ):
        page.filter(selected)
        page.show(route)
        article = page.page.locator(f"[data-visual={card}]")
        assert article.locator(".figure").inner_text() == value, card
        assert "nothing to list" in article.inner_text(), card
        assert article.locator("button").count() == 0, card
    page.filter({})


@pytest.mark.parametrize(
    ("route", "card", "number", "summed", "uri"),
    [
        ("overview", "progress", "N of", [], "Source"),
        ("overview", "first-pass-yield", "n = N", [], "Source"),
        ("overview", "finish", "N objects", [], "Source"),
        ("overview", "golden-accuracy", "n = N", [], "Source"),
        ("quality", "quality-golden", "n = N", [], "Source"),
        ("quality", "quality-yield", "n = N", [], "Source"),
        ("quality", "quality-agreement", "of N", [], None),
        ("quality", "quality-certificates", "of N", [], None),
        ("quality", "quality-model", "n = N", ["Reviewed"], None),
        ("review_queue", "queue-length", "N", [], "Object's uri"),
        ("review_queue", "queue-likely", "N", [], "Object's uri"),
        ("review_queue", "queue-suggested", "N", [], "Object's uri"),
        ("review_queue", "queue-errors", "N", [], "Object's uri"),
        ("data_health", "health-files", "N", ["Files"], None),
        ("data_health", "health-failed", "N", ["Failed", "No result yet"], None),
        ("data_health", "health-found", "N", [], "One of them"),
    ],
)
def test_the_rows_behind_a_number_are_the_number(
    opened: Visit, route: str, card: str, number: str, summed: list[str], uri: str | None
) -> None:
    """Rows of objects have a uri; rows of jobs lead to the objects of the job."""
    page = opened
    page.show(route)
    article = page.page.locator(f"[data-visual={card}]")
    where = article.locator(".figure") if number in ("N", "of N") else article
    found = re.search(number.replace("N", r"([\d,]+)"), where.inner_text())
    assert found
    rows = behind_card(page, card)
    counted = sum(int(row[name].replace(",", "")) for row in rows for name in summed) if summed else len(rows)
    assert counted == int(found[1].replace(",", "")) > 0
    if uri:
        assert any("://" in row[uri] for row in rows)
    else:
        article.locator("button.bare").click()
        page.page.locator("dialog tbody button").first.click()
        page.page.locator("dialog tbody td", has_text="://").first.wait_for(timeout=20_000)
        page.page.keyboard.press("Escape")


def test_the_next_job_is_of_what_reviews_rejected_or_of_a_random_sample(
    browser: Browser, sample: Path, sample_page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command that the page offers can be run."""
    monkeypatch.chdir(tmp_path)
    offered: dict[str, list[str]] = {}
    with visit(browser, sample_page) as page:
        page.filter({"job_kind": []})
        page.show("review_queue")
        job, source, kind = (page.page.locator(".form select").nth(place) for place in range(3))
        for job_place in range(job.locator("option").count()):
            job.select_option(index=job_place)
            for source_place in range(source.locator("option").count()):
                source.select_option(index=source_place)
                for kind_place in range(kind.locator("option").count()):
                    kind.select_option(index=kind_place)
                    command = shlex.split(page.page.locator("#gta-command").text_content() or "")
                    offered[" ".join(command)] = command
    assert any("--from errors" in text for text in offered)
    assert any("--from certificate" in text for text in offered)
    for place, command in enumerate(offered.values()):
        done = CliRunner().invoke(cli, [*command[3:-1], f"job-{place}", "--warehouse", str(sample)])
        assert done.exit_code == 0, (command, done.output)


def command_of(page: Visit, job: str) -> list[str]:
    page.filter({"job": [job], "job_kind": []})
    page.show("review_queue")
    return shlex.split(page.page.locator("#gta-command").text_content() or "")


@pytest.mark.parametrize(
    ("job", "purpose"),
    [("Warehouse-Boxes", "verification"), ("Wildlife-Images", "verification"), ("Order-Entities", "labeling")],
)
def test_the_next_job_starts_with_the_command_on_the_page(
    browser: Browser,
    sample: Path,
    sample_page: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    job: str,
    purpose: str,
) -> None:
    with visit(browser, sample_page) as page:
        command = command_of(page, job)
        queued = page.call("() => gta.rows('rpt_review_queue').length")
    assert command[:6] == ["python", "-m", "publish", "review-manifest", "--for", purpose]
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, [*command[3:], "--warehouse", str(sample)])
    assert done.exit_code == 0, done.output
    (manifest,) = (tmp_path / "next-job").glob("*.manifest")
    shown = manifest.read_text().count("\n")
    # Classes are verified in batches.
    if batches := [*(tmp_path / "next-job").glob("batches/*.json")]:
        assert shown == len(batches)
        shown = sum(len(json.loads(batch.read_bytes())) for batch in batches)
    assert shown == min(queued, 100)
    assert bool(batches) == (job == "Wildlife-Images")


def test_a_shell_reads_any_name_of_a_job_in_that_command(browser: Browser, hostile_page: Path) -> None:
    with visit(browser, hostile_page) as page:
        page.filter({"job_kind": []})
        jobs = page.call(
            """() => [...new Set(Array.from(
                gta.rows('rpt_review_queue'), row => gta.get('rpt_review_queue', 'job_name', row)
            ))]"""
        )
        assert len(set(jobs) & set(HOSTILE)) > 8
        for job in jobs:
            if "\0" not in job:  # which no shell can pass
                assert command_of(page, job)[-2:] == [job, "next-job"]
