"""``python -m ingest``."""

import sys
import traceback

if __name__ == "__main__":
    from ingest.cli import NOTHING_DONE, cli  # worker processes, which run this module too, need nothing of it

    try:
        cli()
    except Exception:
        # A fault of the loader is none of its own statuses; Python would end with that of rejected files.
        traceback.print_exc()
        sys.exit(NOTHING_DONE)
