"""``python -m ingest``."""

import sys
import traceback

from ingest.cli import NOTHING_DONE, cli

if __name__ == "__main__":
    try:
        cli()
    except Exception:
        # A fault of the loader is none of its own statuses; Python would end with that of rejected files.
        traceback.print_exc()
        sys.exit(NOTHING_DONE)
