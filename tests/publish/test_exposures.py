"""dbt's exposures are what publish/ makes of the marts."""

from __future__ import annotations

import ast
from pathlib import Path

import yaml  # type: ignore[import-untyped]

from publish.page.data import FACTS, SUMMED, WHOLE
from publish.visuals import visuals
from tests.exposures import PUBLISH, ROOT, document, exposures, marts_in

FOUND = exposures()


def test_the_file_is_that_of_the_code() -> None:
    """Else: ``.venv/bin/python -m tests.exposures > models/exposures.yml``."""
    assert (ROOT / "models/exposures.yml").read_text() == document()


def test_every_command_that_reads_marts_has_one() -> None:
    readers = {
        path.relative_to(PUBLISH).parts[0].removesuffix(".py") for path in PUBLISH.rglob("*.py") if marts_in(path)
    }
    # The reader of all, and what alerts has of others.
    assert readers - {"marts", "exceptions"} <= FOUND.keys()


def test_the_page_depends_on_what_it_has_and_shows() -> None:
    marts = {*FACTS, *WHOLE, *(source for source, *_ in SUMMED.values())} | {visual.mart for visual in visuals()}
    assert marts <= FOUND["page"]


def test_each_page_of_the_shared_visuals_depends_on_their_marts() -> None:
    for visual in visuals():
        assert visual.mart in FOUND[f"page_{visual.page.lower().replace(' ', '_')}"]


def test_the_parts_of_the_page_read_no_more_than_the_page_has() -> None:
    for name, marts in FOUND.items():
        if name.startswith("page_"):
            assert marts
            assert marts <= FOUND["page"], name


def test_what_only_a_docstring_names_is_not_read(tmp_path: Path) -> None:
    code = '"""Of rpt_jobs."""\n\nX = "select 1 from rpt_team"\n"""Not rpt_workers."""\n'
    ast.parse(code)
    (tmp_path / "code.py").write_text(code)
    assert marts_in(tmp_path / "code.py") == {"rpt_team"}


def test_every_exposure_says_what_it_is() -> None:
    for exposure in yaml.safe_load((ROOT / "models/exposures.yml").read_text())["exposures"]:
        assert exposure["depends_on"]
        assert exposure["description"].endswith(".")
