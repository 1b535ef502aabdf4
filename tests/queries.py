"""The queries of docs/queries.md."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs/queries.md"


def queries() -> dict[str, str]:
    """Each query by the heading that is next above it."""
    found: dict[str, str] = {}
    heading = ""
    for part in re.split(r"^(#+ .*|```sql\n[\s\S]*?^```)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE):
        if part.startswith("#"):
            heading = part.lstrip("# ")
        elif part.startswith("```sql"):
            assert heading not in found, f"two queries under {heading}"
            found[heading] = part.removeprefix("```sql\n").removesuffix("```")
    return found
