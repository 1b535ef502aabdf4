"""The loader's version is one, and every release has its notes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.version import Version

from ingest import __version__
from ingest.lake.format_version import CURRENT

ROOT = Path(__file__).parents[1]


def test_the_package_and_the_dbt_project_have_the_loaders_version() -> None:
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = re.search(r'^version: "(.*)"$', (ROOT / "dbt_project.yml").read_text(encoding="utf-8"), re.MULTILINE)

    assert project is not None
    assert package["project"]["version"] == project[1] == __version__


def test_the_changelog_has_notes_for_the_version() -> None:
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert __version__ in headings
    released = [Version(heading) for heading in headings if heading != "Unreleased"]
    assert released == sorted(released, reverse=True)


def test_a_format_is_introduced_by_a_version_that_exists() -> None:
    assert Version(CURRENT.minimum_loader_version) <= Version(__version__)
