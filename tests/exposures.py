"""What is made of the marts, as dbt's exposures: models/exposures.yml, made of what the code of `publish` names.

``.venv/bin/python -m tests.exposures > models/exposures.yml`` after a change of what is read.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from publish.page.data import EXCEPTIONS, SUMMED
from publish.visuals import Visual, visuals

ROOT = Path(__file__).parents[1]
PUBLISH = ROOT / "publish"
MARTS = {path.stem for path in (ROOT / "models/marts").rglob("*.sql")}
HEADER = (
    "# Made by `.venv/bin/python -m tests.exposures > models/exposures.yml`: change what publish/ reads, and run it.\n"
)
OWNER = {"name": "Who runs the labeling jobs"}


def _named(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in re.findall(r"\b\w+\b", text)} & MARTS


def marts_in(*paths: Path) -> set[str]:
    """Marts that code reads: those that its texts name, in Python without docstrings."""
    return set().union(*(_named(_texts(path)) for path in paths))


def _texts(path: Path) -> Iterator[str]:
    if path.suffix != ".py":
        # Comments of JavaScript and YAML name marts that are not read.
        yield re.sub(r"/\*[\s\S]*?\*/|^\s*(?://|#).*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value


def exposures() -> dict[str, set[str]]:
    """Each exposure, and the marts that it reads."""
    shared = visuals()
    page = PUBLISH / "page/app"
    around = {page / "engine.js", page / "shell.js"}
    # Tables of the page that are no marts, and what they are made of.
    made = {table: {source} for table, (source, *_) in SUMMED.items()}
    made[EXCEPTIONS] = marts_in(PUBLISH / "exceptions.py")
    found = {"page": marts_in(PUBLISH / "page/data.py").union(_of(shared), *made.values())}
    for path in sorted((page / "pages").glob("*.js")):
        title = path.stem.replace("_", " ").capitalize()
        tables = [marts for table, marts in made.items() if f'"{table}"' in path.read_text(encoding="utf-8")]
        found[f"page_{path.stem}"] = marts_in(path, *around).union(_of(v for v in shared if v.page == title), *tables)
    if (PUBLISH / "quicksight").is_dir():
        files = [path for path in (PUBLISH / "quicksight").rglob("*") if path.suffix in {".py", ".yml"}]
        found["quicksight"] = marts_in(*files) | _of(shared)
    if (PUBLISH / "review_manifest.py").is_file():
        found["review_manifest"] = marts_in(PUBLISH / "review_manifest.py")
    found["alerts"] = marts_in(PUBLISH / "alerts.py", PUBLISH / "exceptions.py")
    found["export"] = set(MARTS)
    return found


def _of(shown: Iterable[Visual]) -> set[str]:
    return {visual.mart for visual in shown}


LABELS = {
    "page": ("The page", "dashboard", "One HTML file with every page: `python -m publish page`."),
    "quicksight": ("The QuickSight dashboard", "dashboard", "`python -m publish quicksight deploy`."),
    "review_manifest": ("The next labeling job", "application", "Its input: `python -m publish review-manifest`."),
    "alerts": ("Alerts", "application", "What is new since the last run: `python -m publish alerts`."),
    "export": ("Exports", "application", "Any mart as a file: `python -m publish export`."),
}


def _exposure(name: str, marts: set[str]) -> dict[str, Any]:
    page = name.removeprefix("page_").replace("_", " ")
    label, kind, description = LABELS.get(name) or (
        f"The page: {page}",
        "dashboard",
        f"The part {page} of the page: `python -m publish page`.",
    )
    return {
        "name": name,
        "label": label,
        "type": kind,
        "maturity": "medium",
        "owner": OWNER,
        "description": description,
        "depends_on": [f"ref('{mart}')" for mart in sorted(marts)],
    }


def document() -> str:
    """models/exposures.yml."""
    found = [_exposure(name, marts) for name, marts in exposures().items()]
    text: str = yaml.safe_dump({"version": 2, "exposures": found}, sort_keys=False, width=120)
    return HEADER + text


if __name__ == "__main__":
    print(document(), end="")
