"""``python -m ingest``."""

from ingest.interrupts import interrupts_end_at_once

if __name__ == "__main__":
    # Imported here: worker processes, which run this module too, need nothing of it.
    with interrupts_end_at_once():
        from ingest.cli import cli
        from ingest.command_line import run

    run(cli)
