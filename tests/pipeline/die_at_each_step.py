"""Run a command of the loader again and again, and die at another step each time.

``python die_at_each_step.py LAKE COPIES COMMAND…`` copies the lake once for each step and runs ``python -m ingest
COMMAND…`` on the copy (``LAKE`` in the command stands for it). The process ends, without any clean-up, right before
the step: opening a file for writing, renaming, linking, deleting or making a folder. Prints the number of steps.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

STEPS = frozenset({"open", "os.rename", "os.link", "os.remove", "os.mkdir"})
DIED = 99


def run_and_die(lake: Path, command: list[str], last_step: int) -> None:
    """Run the command in this process, which ends before the step of that number."""
    steps = 0

    def watch(event: str, args: tuple[object, ...]) -> None:
        nonlocal steps
        if event not in STEPS or not str(args[0]).startswith(str(lake)):
            return
        if event == "open" and not (isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)):
            return
        if steps == last_step:
            os._exit(DIED)
        steps += 1

    sys.addaudithook(watch)
    from ingest.cli import cli

    cli(command)


def main() -> None:
    """See the module."""
    lake, copies, command = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    import ingest.cli  # noqa: F401 (imported once, before the children are made)

    for step in range(1_000):
        copy = copies / f"step-{step:03d}"
        if lake.exists():
            shutil.copytree(lake, copy)
        else:
            copy.mkdir()
        child = os.fork()
        if child == 0:
            sys.stdout = sys.stderr
            run_and_die(copy, [str(copy) if word == "LAKE" else word for word in command], step)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) != DIED:
            print(step)
            sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
