"""The rooms of ``ingest/`` and what each may import: nothing upward, no circle, nothing from dbt or the tests.

A new room, or a new edge, is added to ``ROOMS`` and to docs/architecture.md on purpose. Imports inside functions count.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Each room, and the rooms it may import: only rooms above it, so that no circle is possible.
ROOMS: dict[str, set[str]] = {
    "tables": set(),
    "job_folder": set(),
    "identity": set(),
    "storage": set(),
    "display": set(),
    "interrupts": set(),
    "command_line": {"storage", "display", "interrupts"},
    "geometry": set(),
    "rows": {"tables"},
    "formats": {"tables", "job_folder", "identity", "geometry", "rows"},
    "lake": {"tables", "job_folder", "identity", "storage"},
    "load": {"tables", "job_folder", "geometry", "rows", "storage", "formats", "lake"},
    "aws": {"tables", "identity", "rows", "storage", "formats", "lake"},
    "review_batches": {"storage", "formats"},
    "sample": {"formats"},
    "cli": {"display", "command_line", "storage", "formats", "lake", "load", "aws", "review_batches", "sample"},
    "__main__": {"cli", "command_line", "interrupts"},
}

# What `publish` may import of the loader: it reads marts, and knows neither the lake nor Ground Truth's files. Batches
# of a bulk review are a job's input, which both make.
LENT = {
    *("ingest", "ingest.command_line", "ingest.display", "ingest.interrupts", "ingest.review_batches"),
    *("ingest.storage.open", "ingest.storage.store"),
}

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in (ROOT / "ingest").rglob("*.py")
}


def imported(module: str) -> Iterator[str]:
    """The modules that a module imports, of whatever package; a package's names are taken for modules if they are."""
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: relative import"
            assert node.module
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield submodule if submodule in MODULES else node.module


def room(module: str) -> str:
    """The room of a module of ``ingest``; the package itself, which has only the version, is none."""
    return module.split(".")[1] if "." in module else ""


IMPORTS = {module: {name for name in imported(module) if name != module} for module in MODULES}
EDGES = [
    (module, name)
    for module, names in sorted(IMPORTS.items())
    for name in sorted(names)
    if name in MODULES and room(name) and room(name) != room(module)
]


def test_every_room_is_known() -> None:
    assert {room(module) for module in MODULES} - {""} == set(ROOMS)


def test_no_room_may_import_upward() -> None:
    above: set[str] = set()
    for name, allowed in ROOMS.items():
        assert allowed <= above, f"{name} may import {allowed - above}, which are not above it in the table"
        above.add(name)


@pytest.mark.parametrize(("module", "name"), EDGES)
def test_border(module: str, name: str) -> None:
    assert room(name) in ROOMS[room(module)], f"{room(module)} may not import {room(name)}"


def test_no_circle_of_modules() -> None:
    graph = {module: {name for name in names if name in MODULES} for module, names in IMPORTS.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_the_loader_knows_neither_dbt_nor_the_tests() -> None:
    packages = {name.partition(".")[0] for names in IMPORTS.values() for name in names}
    assert packages.isdisjoint({"dbt", "tests", "demo", "deploy", "publish"})


def test_parsers_neither_read_nor_write() -> None:
    packages = {name.partition(".")[0] for module in MODULES if room(module) == "formats" for name in IMPORTS[module]}
    assert packages.isdisjoint({"boto3", "botocore", "obstore", "os", "pathlib", "shutil", "socket", "tempfile"})


def test_the_documents_table_is_this_one() -> None:
    _, _, rest = (ROOT / "docs/architecture.md").read_text().partition("\n| room | may import |\n|---|---|\n")
    rows = [
        [re.findall(r"`(\w+)`", cell) for cell in line.split("|")[1:3]]
        for line in rest.partition("\n\n")[0].splitlines()
    ]
    assert {name: set(allowed) for names, allowed in rows for name in names} == ROOMS


def test_publish_reads_marts_only() -> None:
    for path in (ROOT / "publish").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = {node.module}
            elif isinstance(node, ast.Import):
                names = {alias.name for alias in node.names}
            else:
                continue
            borrowed = {name for name in names if name.partition(".")[0] == "ingest"}
            assert borrowed <= LENT, f"{path}: imports {borrowed - LENT}"
            assert {name.partition(".")[0] for name in names}.isdisjoint({"dbt", "tests", "demo", "deploy"}), path
