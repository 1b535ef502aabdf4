"""Names that are code, markup or formulas are shown as what they are: text."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import Visit, visit
from tests.browser.test_page import routes
from tests.browser.warehouses import FORMULA, HOSTILE, IMAGE, LONG, SCRIPT

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
_MADE = """() => [...document.querySelectorAll(
    'img, iframe, object, embed, frame, base, script[src], link:not([href="data:,"]), [onerror], [onload], [onclick]'
)].concat([...document.links].filter(link => /^(javascript|data|vbscript):/i.test(link.href)))
.map(element => element.outerHTML)"""


@pytest.fixture(scope="module")
def page(browser: Browser, hostile_page: Path) -> Iterator[Visit]:
    with visit(browser, hostile_page) as page:
        yield page


def test_names_are_text(page: Visit) -> None:
    text = ""
    scripts = page.call("() => document.scripts.length")
    for kinds in (["label"], []):
        page.filter({"job_kind": kinds})
        for route in routes(page):
            page.show(route)
            for summary in page.page.locator("summary").all():
                summary.click()
            text += page.call("() => document.body.textContent")
            assert page.call(_MADE) == [], route
            assert page.call("() => document.scripts.length") <= scripts
    for name in (
        SCRIPT,
        IMAGE,
        FORMULA,
        "__proto__",
        "constructor",
        "toString",
        "hasOwnProperty",
        "valueOf",
        "(empty)",
    ):
        assert name in text, name
    assert LONG not in text
    assert LONG[:40] in text
    assert (page.dialogs, page.messages, page.requests) == ([], [], [])


def test_names_do_not_reach_the_prototypes(page: Visit) -> None:
    page.filter({"job_kind": []})
    for route in routes(page):
        page.show(route)
    assert page.call("() => [Object.keys(Object.prototype), Object.keys(Array.prototype)]") == [[], []]
    assert page.call("() => typeof ({}).toString + typeof ({}).constructor") == "functionfunction"


def test_tooltips_are_text(page: Visit) -> None:
    page.filter({})
    seen = ""
    for route in ("workers", "annotations", "quality"):
        page.show(route)
        for mark in page.page.locator("svg g.role-mark:not(.mark-group) > path").all()[::9]:
            mark.hover(force=True, timeout=5_000)
            tip = page.page.locator("#vg-tooltip-element")
            seen += tip.inner_text() if tip.count() else ""
            assert page.call(_MADE) == []
    assert "constructor" in seen or "__proto__" in seen
    assert (page.dialogs, page.messages, page.requests) == ([], [], [])


@pytest.mark.parametrize("name", ["__proto__", "constructor", SCRIPT, "", "two\nlines\r\nand\ttabs"])
def test_a_filter_finds_a_hostile_name(page: Visit, name: str) -> None:
    assert name in HOSTILE
    page.filter({"job": [name], "job_kind": []})
    jobs = page.call("() => [...new Set([...gta.rows('rpt_jobs')].map(row => gta.get('rpt_jobs', 'job_name', row)))]")
    assert jobs == [name]
    page.show("quality")
    assert (page.dialogs, page.messages) == ([], [])


def as_cell(value: Any) -> str | float:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return float(value)
    return ("'" + value) if value.startswith(FORMULAS) else str(value)


def test_csv_is_the_table_without_its_formulas(page: Visit, tmp_path: Path) -> None:
    page.filter({"job_kind": []})
    neutralised = count = 0
    for route in routes(page):
        page.show(route)
        for block in page.call("() => gta.shown().filter(({columns}) => columns)"):
            button = page.page.locator(f'[data-visual="{block["id"]}"] button', has_text="CSV")
            if not block["rows"]:
                assert not button.count()
                continue
            with page.page.expect_download() as download:
                button.click()
            path = tmp_path / "table.csv"
            download.value.save_as(path)
            # Chromium drops a download now and then if they come faster than people click.
            page.page.wait_for_timeout(300)
            with path.open(encoding="utf-8-sig", newline="") as file:
                titles, *lines = csv.reader(file)
            keys = [column["key"] for column in block["columns"]]
            assert titles == [as_cell(column["title"]) for column in block["columns"]]
            if block["kind"] == "pivot":
                values = [row["value_1"] for row in block["rows"] if row["value_1"] is not None]
                assert sorted(float(cell) for line in lines for cell in line[1:-1] if cell) == sorted(values)
                continue
            expected = [[as_cell(row.get(key)) for key in keys] for row in block["rows"]]
            # The table may be sorted otherwise than its rows came; what is equal is told apart by the rest of the line.
            numeric = {key for key in keys if any(isinstance(row.get(key), int | float) for row in block["rows"])}
            found = [
                [
                    float(cell) if key in numeric and is_number(cell) else cell
                    for key, cell in zip(keys, line, strict=True)
                ]
                for line in lines
            ]
            assert sorted(map(repr, found)) == sorted(map(repr, expected)), block["id"]
            cells = [cell for line in lines for cell in line]
            neutralised += sum(cell.startswith("'") for cell in cells)
            assert not any(cell.startswith(FORMULAS) and not is_number(cell) for cell in cells)
            count += 1
    assert count > 15
    assert neutralised > 20
    assert (page.requests, page.messages) == ([], [])


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
