"""The README is right: its commands, options, marts, variables and links are those of the project."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ingest.cli import cli
from publish.cli import cli as publish

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()


def first_cells(header: str) -> list[str]:
    """Names in backticks in the first column of the table under a header line."""
    _, _, rest = README.partition(f"\n| {header}")
    assert rest, f"no table headed {header}"
    rows = rest.partition("\n\n")[0].splitlines()[2:]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]


def test_marts() -> None:
    models = {path.stem for path in (ROOT / "models/marts").rglob("*.sql")}
    assert set(first_cells("mart ")) == models


def test_commands_of_the_loader() -> None:
    assert {name.split()[0] for name in first_cells("command ")} == set(cli.commands)


@pytest.mark.parametrize("command", [None, *cli.commands])
def test_help_is_whole_on_a_terminal_of_80_columns(command: str | None) -> None:
    arguments = [command, "--help"] if command else ["--help"]
    shown = CliRunner().invoke(cli, arguments, terminal_width=80).output
    assert "..." not in shown.replace("[ARGS]...", "")
    assert max(map(len, shown.splitlines())) <= 80


def helps(group: click.Group) -> list[str]:
    """Help texts of all commands of a group, and of the groups in it."""
    context = click.Context(group)
    commands = [command for name in group.list_commands(context) if (command := group.get_command(context, name))]
    return [
        text
        for command in commands
        for text in (helps(command) if isinstance(command, click.Group) else [_help(command)])
    ]


def _help(command: click.Command) -> str:
    return CliRunner().invoke(command, ["--help"]).output


def test_options_of_the_commands() -> None:
    texts = [*helps(cli), *helps(publish)]
    for option in set(re.findall(r"--[a-z][a-z-]+", README)):
        assert any(option in text for text in texts) or option in {"--target", "--vars", "--strict", "--help"}, option


def test_make_targets() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z-]+)(?=[ `\n])(?! sure)", README + CONTRIBUTING)) <= targets


def test_dbt_vars() -> None:
    project = (ROOT / "dbt_project.yml").read_text()
    block = re.search(r"^vars:\n((?:  .*\n)+)", project, re.MULTILINE)
    assert block
    assert set(first_cells("dbt var ")) == set(re.findall(r"^  ([a-z_]+):", block[1], re.MULTILINE))


def test_environment() -> None:
    files = [ROOT / "profiles.yml.example", ROOT / "models/staging/ground_truth/_ground_truth__sources.yml"]
    files += (ROOT / "macros").rglob("*.sql")
    used = {name for file in files for name in re.findall(r"""env_var\(["']([A-Z_0-9]+)""", file.read_text())}
    assert set(first_cells("environment ")) == used


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "DECISIONS.md", "docs/architecture.md"])
def test_links(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text()):
        if not target.startswith("https://"):
            assert ((ROOT / page).parent / target).exists(), target


@pytest.mark.parametrize("name", re.findall(r"^\| `([a-z]+)/` \|", ARCHITECTURE, re.MULTILINE))
def test_folders(name: str) -> None:
    assert (ROOT / name).is_dir()
    row = next(line for line in ARCHITECTURE.splitlines() if line.startswith(f"| `{name}/` |"))
    for part in re.findall(r"`([a-z_/]+)`", row)[1:]:
        assert list((ROOT / name).glob(f"{part.rstrip('/')}*")), part


@pytest.mark.parametrize("page", [CONTRIBUTING, ARCHITECTURE], ids=["CONTRIBUTING.md", "docs/architecture.md"])
def test_files_that_are_named_exist(page: str) -> None:
    """A part in angle brackets is any name."""
    for path in re.findall(r"[a-z_]+(?:/(?:[a-z_]|<[a-z ]+>)+)+\.(?:py|sql|yml|csv|md|lock)", page):
        pattern = re.sub(r"<[a-z ]+>", "*", path)
        assert list(ROOT.glob(pattern)), path


def test_the_lock_is_made_of_the_declared_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    lock = (ROOT / "requirements.lock").read_text()
    locked = dict(re.findall(r"^([a-z0-9-]+)(?:\[[^\]]+\])?==([^ ;]+)", lock, re.MULTILINE))
    for requirement in declared:
        match = re.match(r"([a-z0-9-]+)(?:\[[a-z]+\])?(?:==([0-9a-z.]+))?", requirement.lower())
        assert match
        name, pin = match.groups()
        assert locked[name] == (pin or locked[name])
    assert "://" not in lock
