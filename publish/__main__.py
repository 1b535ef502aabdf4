"""``python -m publish``."""

from ingest.interrupts import interrupts_end_at_once

if __name__ == "__main__":
    with interrupts_end_at_once():
        from ingest.command_line import run
        from publish.cli import cli

    run(cli)
