"""Installing Chromium, on machines that have it, can install it, or cannot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.chromium import ChromiumError, fetch


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is on PATH, on a machine on which we are not root."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 1_000)
    return tmp_path


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_an_installed_chromium_is_taken_as_it_is(machine: Path) -> None:
    program(machine, "google-chrome", "exit 1")
    program(machine, "apt-get", "exit 1")
    assert fetch() == str(machine / "google-chrome")


def test_apt_get_installs_it_for_root(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    program(machine, "apt-get", f'[ "$1" = update ] || {{ echo "$@" > {machine}/said; : > {machine}/chromium; }}')
    monkeypatch.setattr("shutil.which", lambda name: str(machine / name) if (machine / name).exists() else None)
    assert fetch() == str(machine / "chromium")
    assert (machine / "said").read_text() == "install --yes --no-install-recommends chromium\n"


@pytest.mark.parametrize(
    ("programs", "message"),
    [
        ({}, "no apt-get to install it: install Chromium so that one of chromium, "),
        ({"apt-get": "exit 0"}, "apt-get needs root: `apt-get install chromium`"),
        ({"apt-get": "exit 0", "sudo": "exit 1"}, "apt-get needs root: `apt-get install chromium`"),
        ({"apt-get": "echo no network; exit 100", "sudo": 'shift; [ "$1" = true ] || "$@"'}, "apt-get update failed"),
        ({"apt-get": "exit 0", "sudo": 'shift; [ "$1" = true ] || "$@"'}, "apt-get installed no Chromium"),
    ],
)
def test_what_to_do_is_said_if_it_cannot_be_installed(machine: Path, programs: dict[str, str], message: str) -> None:
    for name, script in programs.items():
        program(machine, name, script)
    with pytest.raises(ChromiumError) as raised:
        fetch()
    assert message in str(raised.value)


def test_the_command_fails_with_the_reason(machine: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "tests.browser", "fetch"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: there is no Chromium, and no apt-get to install it")
