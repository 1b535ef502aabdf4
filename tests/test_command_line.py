"""What the command lines print and take: nothing in a name, a file or an option is obeyed, echoed or a traceback."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ingest.cli import cli
from ingest.command_line import FiniteRange, run
from ingest.display import plain, text_table
from ingest.storage.store import without_credentials
from publish.cli import COMMANDS
from publish.cli import cli as publish_cli
from publish.marts import DuckDBMarts, MartsError
from tests.jobs import write_job

ROOT = Path(__file__).parents[1]
ALARM = "GT_RUN_SUCCEEDED"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"a\n{ALARM}", rf"a\n{ALARM}"),
        ("a\r\tb", r"a\r\tb"),
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("\x9b31m\x7f", r"\x9b31m\x7f"),
        ("a\u202egnp.exe", r"a\u202egnp.exe"),
        ("a\u2066b\u2069\u200f", r"a\u2066b\u2069\u200f"),
        ("a\u2028b\u2029\x85", r"a\u2028b\u2029\x85"),
        ("\udc80", r"\udc80"),
        ("naïve 日本\u3000語 क\u200cष", "naïve 日本\u3000語 क\u200cष"),
    ],
)
def test_text_is_one_harmless_line(text: str, shown: str) -> None:
    assert plain(text) == shown
    assert text_table([("name",), (text,)]).split("\n")[2] == shown


def test_a_rejected_file_prints_no_line_of_its_own(tmp_path: Path) -> None:
    job = write_job(tmp_path / "source", "Pets", {0: {"ann": "Cat"}})
    manifest = next(job.rglob("output.manifest"))
    manifest.write_text(
        f'{{"source-ref": "s3://a/b", "x\\n{ALARM}\\u001b[2J": 1, "x\\n{ALARM}\\u001b[2J-metadata": '
        '{"type": "groundtruth/text-classification", "confidence": "high"}}\n'
    )
    source, lake = str(tmp_path / "source"), str(tmp_path / "lake")
    done = CliRunner().invoke(cli, ["load", source, lake])
    assert done.exit_code == 1
    status = CliRunner().invoke(cli, ["status", lake])
    for output in (done.output, status.output):
        assert rf"x\n{ALARM}\x1b[2J" in output
        assert not any(line.startswith(ALARM) for line in output.splitlines())
        assert "\x1b" not in output


def test_a_name_of_a_job_prints_no_line_of_its_own(tmp_path: Path) -> None:
    write_job(tmp_path / "source", f"Pets\n{ALARM}\u202e", {0: {"ann": "Cat"}})
    CliRunner().invoke(cli, ["load", str(tmp_path / "source"), str(tmp_path / "lake")])
    output = CliRunner().invoke(cli, ["status", str(tmp_path / "lake")]).output
    assert rf"Pets\n{ALARM}\u202e" in output


def test_an_error_of_publish_is_one_line(tmp_path: Path) -> None:
    import duckdb

    warehouse = tmp_path / "w.duckdb"
    duckdb.connect(str(warehouse)).close()
    with pytest.raises(MartsError) as error:
        DuckDBMarts(str(warehouse), "main").query(f"select\n  1 as a,\n '{ALARM}'\nfrom nowhere")
    assert "\n" not in str(error.value)
    done = CliRunner().invoke(
        publish_cli, ["export", f"x\n{ALARM}", str(tmp_path / "o.csv"), "--warehouse", str(warehouse)]
    )
    assert done.exit_code == 2
    assert not any(line.startswith(ALARM) for line in done.output.splitlines())


def test_a_fault_prints_its_message_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    @click.command()
    def broken() -> None:
        raise RuntimeError(f"of https://user:secret@host\n{ALARM}")

    sys.argv, before = ["broken"], sys.argv
    try:
        with pytest.raises(SystemExit) as ended:
            run(broken)
    finally:
        sys.argv = before
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.endswith(f"error: a fault of this program, RuntimeError: of https://host\\n{ALARM}\n")
    assert "secret" not in said.splitlines()[-1]


@pytest.mark.parametrize("program", ["ingest", "publish"])
def test_a_wrong_option_is_one_message(program: str) -> None:
    command = [sys.executable, "-m", program, f"--no\n{ALARM}\x1b"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Error: No such option" in done.stderr
    assert "\x1b" not in done.stderr
    assert "Traceback" not in done.stderr


# Imports a module, and then presses Ctrl-C, in any Python that has this in its path.
_INTERRUPTING = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
"""


@pytest.mark.parametrize("program", ["ingest", "publish"])
def test_ctrl_c_while_importing_is_one_line(program: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(_INTERRUPTING)
    done = subprocess.run(
        [sys.executable, "-m", program, "--help"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted: nothing was done\n")


def numeric_options() -> list[tuple[str, click.Option]]:
    found: list[tuple[str, click.Option]] = []

    def walk(command: click.Command, name: str) -> None:
        if isinstance(command, click.Group):
            context = click.Context(command)
            for inner in command.list_commands(context):
                walk(command.get_command(context, inner), f"{name} {inner}")  # type: ignore[arg-type]
        for option in command.params:
            if isinstance(option, click.Option) and isinstance(option.type, (type(click.INT), type(click.FLOAT))):
                found.append((f"{name} {option.name}", option))  # noqa: PERF401

    walk(cli, "ingest")
    walk(publish_cli, "publish")
    return found


def test_every_number_has_a_range() -> None:
    assert set(COMMANDS) <= {name.split()[1] for name, _ in numeric_options()} | {"page", "export"}
    options = numeric_options()
    assert {name for name, _ in options} >= {
        "ingest vacuum grace_hours",
        "ingest sample objects",
        "publish alerts stuck_days",
        "publish quicksight deploy timeout",
    }
    for name, option in options:
        assert isinstance(option.type, (click.IntRange, FiniteRange)), name
        assert option.type.min is not None, name
        assert option.type.max is not None, name
        for wrong in ("nan", "inf", "-inf", "-1", "1e400", "1" + "0" * 30):
            with pytest.raises(click.BadParameter):
                option.type_cast_value(click.Context(cli), wrong)


@pytest.mark.parametrize("hours", ["nan", "inf", "-1", "1e300", "-0.1"])
def test_no_grace_that_is_no_number_of_hours(hours: str, tmp_path: Path) -> None:
    write_job(tmp_path / "source", "Pets", {0: {"ann": "Cat"}})
    lake = str(tmp_path / "lake")
    CliRunner().invoke(cli, ["load", str(tmp_path / "source"), lake])
    before = sorted(tmp_path.joinpath("lake").rglob("*"))
    done = CliRunner().invoke(cli, ["vacuum", lake, "--grace-hours", hours])
    assert done.exit_code == 2
    assert "Invalid value for '--grace-hours'" in done.output
    assert sorted(tmp_path.joinpath("lake").rglob("*")) == before
    assert not math.isnan(FiniteRange(0, 1).convert("0.5", None, None))


def test_no_number_of_objects_beyond_reason(tmp_path: Path) -> None:
    for objects in ("1e20", "1" + "0" * 20):
        done = CliRunner().invoke(cli, ["sample", str(tmp_path / "made"), "--objects", objects])
        assert done.exit_code == 2
        assert "Invalid value for '--objects'" in done.output
    assert not tmp_path.joinpath("made").exists()


@pytest.mark.parametrize(
    "address", ["http://someone:sec%2Fret@127.0.0.1:9", "http://someone:p@secret@127.0.0.1:9", "someone:secret@nowhere"]
)
def test_credentials_in_an_address_are_not_echoed(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    done = CliRunner().invoke(cli, ["status", "s3://bucket/lake", "--s3-endpoint-url", address])
    assert done.exit_code == 2, done.output
    assert "error: " in done.output
    assert "secret" not in done.output
    assert "sec%2Fret" not in done.output


def test_what_is_no_credential_stays() -> None:
    for text in ("s3://bucket/a@b/c", "mail@example.com", "https://host/x?y=a@b", "job://x/y@z"):
        assert without_credentials(text) == text
    assert without_credentials('"https://a:b@c/d" and s3://e@f') == '"https://c/d" and s3://f'
