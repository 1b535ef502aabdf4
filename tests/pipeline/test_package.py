"""Another dbt project uses this one as a package: it builds on the marts with a profile of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from ingest.load.run import load
from tests.jobs import write_job

ROOT = Path(__file__).parents[2]
PROFILE = """
team:
  target: local
  outputs:
    local:
      type: duckdb
      path: team.duckdb
      schema: analytics
      settings: {settings}
"""
PROJECT = """
name: team
version: "1.0"
profile: team
vars:
  ground_truth_analytics:
    attribute_columns: []
"""
MODEL = """
select job_name, count(*) as worker_count
from {{ ref('ground_truth_analytics', 'rpt_worker_jobs') }}
group by job_name
"""


def dbt(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("dbt"), *arguments, "--profiles-dir", "."],
        cwd=project,
        env=os.environ | {"GT_LAKE": str(project.parent / "lake")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_job(tmp_path / "source", "Pets", {0: {"ann": "Cat", "ben": "Dog"}, 1: {"ann": "Dog"}})
    load(str(tmp_path / "source"), str(tmp_path / "lake"))
    folder = tmp_path / "team"
    for path, text in (
        ("dbt_project.yml", PROJECT),
        ("profiles.yml", PROFILE.replace("{settings}", "{TimeZone: UTC, integer_division: true}")),
        ("packages.yml", f"packages: [{{local: '{ROOT}'}}]\n"),
        ("models/jobs_of_team.sql", MODEL),
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    deps = dbt(folder, "deps")
    assert deps.returncode == 0, deps.stdout
    return folder


def test_another_project_builds_on_the_marts(project: Path) -> None:
    done = dbt(project, "build", "--exclude-resource-type", "unit_test")
    assert done.returncode == 0, done.stdout[-5_000:]
    with duckdb.connect(str(project / "team.duckdb"), read_only=True) as warehouse:
        assert warehouse.execute("select * from analytics.jobs_of_team").fetchall() == [("Pets", 2)]
        assert warehouse.execute("select count(*) from analytics.fct_worker_tasks").fetchall() == [(3,)]


@pytest.mark.parametrize("settings", ["{TimeZone: UTC}", "{TimeZone: Europe/Berlin, integer_division: true}"])
def test_a_profile_with_other_arithmetic_is_refused(settings: str, project: Path) -> None:
    """5 / 2 would be 2.5, and midnight another moment, in some figures and without a word."""
    (project / "profiles.yml").write_text(PROFILE.replace("{settings}", settings))
    done = dbt(project, "build", "--select", "jobs_of_team")
    assert done.returncode != 0
    assert "settings: {TimeZone: UTC, integer_division: true}" in done.stdout
