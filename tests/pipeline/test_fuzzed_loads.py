"""Whatever the loader accepts, every build ends well, and the sound jobs' rows are what they would be alone.

It makes one build of 3,000 files, most of them mutated; ``FUZZ_BUILDS=10`` makes ten, each of other files, and ``-s``
shows what was found.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ingest.cli import cli
from ingest.load.run import load
from tests.pipeline.fuzzed_jobs import SOUND, make_sample, write_mutated_jobs, write_sound_jobs
from tests.pipeline.warehouse import Marts

BUILDS = int(os.environ.get("FUZZ_BUILDS", "1"))
FIRST_SEED = int(os.environ.get("FUZZ_SEED", "1"))
FILES = int(os.environ.get("FUZZ_FILES", "3000"))
OF_SOUND_JOBS = f"job_name in ({', '.join(f'''{chr(39)}Sound-{name}{chr(39)}''' for name in SOUND)})"


def sync(lake: Path, responses: Path) -> list[int]:
    """Read the saved responses of AWS's APIs; what each command ended with."""
    return [
        CliRunner().invoke(cli, [command, str(lake), "--from", str(responses / path)]).exit_code
        for command, path in (
            ("sync-jobs", "jobs.jsonl"),
            ("sync-workers", "workers/list-users.json"),
            ("sync-workers", "workers/describe-workteam.jsonl"),
            ("sync-activity", "worker-activity.jsonl"),
        )
    ]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sample(tmp_path_factory.mktemp("sample") / "jobs")


@pytest.fixture(scope="module")
def source(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the sound jobs."""
    folder = tmp_path_factory.mktemp("sound") / "jobs"
    write_sound_jobs(sample, folder)
    return folder


@pytest.fixture(scope="module")
def alone(source: Path) -> Marts:
    """The marts of the sound jobs alone."""
    lake = source.parent / "lake"
    load(str(source), str(lake))
    return Marts(lake, source.parent / "marts", "--resource-type", "model", "--resource-type", "seed")


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + BUILDS))
def test_mutated_jobs_change_nothing_of_sound_ones(
    seed: int, sample: Path, source: Path, alone: Marts, tmp_path: Path
) -> None:
    written = write_mutated_jobs(sample, tmp_path / "mutated", seed=seed, files=FILES)
    responses = tmp_path / "mutated/aws-responses"
    shutil.move(responses, tmp_path / "responses")
    lake = tmp_path / "lake"

    sound = load(str(source), str(lake))
    mutated = load(str(tmp_path / "mutated"), str(lake))
    synced = sync(lake, tmp_path / "responses")
    marts = Marts(lake, tmp_path / "marts", "--exclude-resource-type", "unit_test")

    assert len(sound.errors) == 1, "the sample has one broken file"
    assert mutated.files_loaded > written * 0.7, "only what is accepted reaches the marts"
    assert set(synced) <= {0, 1, 2}
    expected, found = alone.job_rows(OF_SOUND_JOBS), marts.job_rows(OF_SOUND_JOBS)
    assert sum(map(len, expected.values())) > 1_000
    differences = {mart: (rows - found[mart], found[mart] - rows) for mart, rows in expected.items()}
    assert {mart: both for mart, both in differences.items() if any(both)} == {}
    errors = Counter(re.sub(r"\d+|'.*'", "…", error["error"]) for error in mutated.errors)
    set_aside = marts.rows("select rule_name, count(*) from rpt_set_aside group by rule_name order by rule_name")
    figures: dict[str, Any] = {
        "seed": seed,
        "files": written,
        "loaded": mutated.files_loaded,
        "rejected": mutated.files_rejected,
    }
    figures |= {"synced": synced, "set aside": dict(set_aside), "rejected for": dict(errors.most_common(8))}
    print(json.dumps(figures, indent=2))
    shutil.rmtree(tmp_path)
