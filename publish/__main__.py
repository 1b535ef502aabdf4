"""``python -m publish``."""

import sys
import traceback

from ingest.command_line import NOTHING_DONE
from publish.cli import cli

if __name__ == "__main__":
    try:
        cli()
    except Exception:
        # A fault of ours is none of the commands' own statuses; Python would end with 1.
        traceback.print_exc()
        sys.exit(NOTHING_DONE)
