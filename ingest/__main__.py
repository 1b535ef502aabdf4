"""``python -m ingest``."""

import sys
import traceback

if __name__ == "__main__":
    # Imported here: worker processes, which run this module too, need nothing of it.
    from ingest.cli import cli
    from ingest.command_line import NOTHING_DONE

    try:
        cli()
    except Exception:
        # A fault of the loader is none of its own statuses; Python would end with that of rejected files.
        traceback.print_exc()
        sys.exit(NOTHING_DONE)
