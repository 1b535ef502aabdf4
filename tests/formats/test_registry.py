"""The registry of what is read: it agrees with the readers, with the golden trees, and with the page of the docs."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ingest.formats.output_manifest import READERS
from ingest.formats.registry import FORMS, TASK_TYPES, Form, ResultForm, formats_page, parser_of
from ingest.job_folder import FileKind
from ingest.tables import TABLES
from tests.load.raw_lake import load_and_read

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests/data"
every_task_type = pytest.mark.parametrize("task_type", TASK_TYPES)


def tables_by_kind(forms: Iterable[Form]) -> dict[FileKind, set[str]]:
    """Tables that each kind of file is said to land in."""
    tables: dict[FileKind, set[str]] = defaultdict(set)
    for form in forms:
        tables[form.file_kind].update(form.tables)
    return dict(tables)


@cache
def tables_of_golden_trees(task_type: str) -> dict[FileKind, set[str]]:
    """Tables that each kind of file landed in, when the valid golden trees of a task type were loaded."""
    tables: dict[FileKind, set[str]] = defaultdict(set)
    for case in sorted((DATA / task_type / "valid").iterdir()):
        with TemporaryDirectory() as lake:
            found = load_and_read(case, Path(lake))
        kinds = {entry["file_no"]: FileKind(entry["file_kind"]) for entry in found.ledger}
        for table, rows in found.tables.items():
            for row in rows:
                tables[kinds[row["file_no"]]].add(table)
    return dict(tables)


def test_the_page_of_the_docs_is_the_generated_one() -> None:
    assert (ROOT / "docs/formats.md").read_text(encoding="utf-8") == formats_page()


def test_every_result_that_is_taken_apart_has_its_reader() -> None:
    """And no other: a custom job's result is said to be kept whole."""
    assert set(READERS) == set(ResultForm)
    read = {name for name, task_type in TASK_TYPES.items() if task_type.result}
    taken_apart = {
        name
        for name, task_type in TASK_TYPES.items()
        if tables_by_kind(task_type.forms)[FileKind.OUTPUT_MANIFEST] != {"data_objects"}
    }
    assert taken_apart == read == TASK_TYPES.keys() - {"custom"}


def test_every_kind_of_file_is_said_to_be_read() -> None:
    forms = [form for task_type in TASK_TYPES.values() for form in task_type.forms] + list(FORMS)
    assert tables_by_kind(forms).keys() == set(FileKind)
    assert all(form.evidence and form.what for form in forms)
    assert {table for form in forms for table in form.tables} <= TABLES.keys()


@pytest.mark.parametrize("kind", FileKind)
def test_a_kind_of_file_is_parsed_by_the_module_of_its_name(kind: FileKind) -> None:
    assert parser_of(kind).__module__ == f"ingest.formats.{kind}"


@every_task_type
def test_every_task_type_has_golden_trees(task_type: str) -> None:
    """Valid ones, of which nothing is said, and others."""
    for kinds, is_said in ((["valid"], False), (["flawed", "invalid"], True)):
        cases = sorted(case for kind in kinds for case in (DATA / task_type / kind).glob("*/expected.json"))
        assert cases
        expected = [json.loads(case.read_text(encoding="utf-8")) for case in cases]
        assert all((not case.keys().isdisjoint({"rejected", "warnings"})) == is_said for case in expected)


@every_task_type
def test_golden_trees_land_where_it_is_said(task_type: str) -> None:
    """In all of those tables, and in no others."""
    declared = tables_by_kind(TASK_TYPES[task_type].forms)
    others = tables_by_kind(FORMS)
    found = tables_of_golden_trees(task_type)
    assert {kind: tables for kind, tables in found.items() if kind not in others} == declared
    assert all(tables <= others[kind] for kind, tables in found.items() if kind in others)


def test_golden_trees_have_every_form_of_any_task_type() -> None:
    found: dict[FileKind, set[str]] = defaultdict(set)
    for task_type in TASK_TYPES:
        for kind, tables in tables_of_golden_trees(task_type).items():
            found[kind] |= tables
    assert {kind: tables for kind, tables in found.items() if kind in tables_by_kind(FORMS)} == tables_by_kind(FORMS)
