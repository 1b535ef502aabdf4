"""Text for people: one line without control characters, and tables."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def plain(text: str) -> str:
    r"""Text of any origin as one line that a terminal and a log show and do not act on.

    Line breaks, control characters and marks that change the direction of writing are escaped, such as ``\n``, ``\x1b``
    and ``\u202e``.
    """
    if text.isprintable():
        return text
    return "".join(char if _is_harmless(char) else char.encode("unicode_escape").decode() for char in text)


# Zero-width joiners, which some scripts need.
_JOINERS = frozenset("\u200c\u200d")


def _is_harmless(char: str) -> bool:
    return char.isprintable() or char in _JOINERS or unicodedata.category(char) == "Zs"


def text_table(rows: Sequence[Sequence[object]]) -> str:
    """Rows, of which the first is the header, in columns: numbers to the right, NULL as a dash."""
    header, *body = rows
    columns = [_cells(str(name), [row[place] for row in body]) for place, name in enumerate(header)]
    columns = [[cells[0], "-" * len(cells[0]), *cells[1:]] for cells in columns]
    return "\n".join("  ".join(line).rstrip() for line in zip(*columns, strict=True))


def _cells(name: str, values: list[object]) -> list[str]:
    """A column's header and values, all of one width."""
    numbers = [abs(value) for value in values if isinstance(value, float)]
    decimals = 1 if max(numbers, default=0) >= 10 else 3
    cells = [plain(name), *(_cell(value, decimals) for value in values)]
    width = max(map(len, cells))
    is_text = any(isinstance(value, str) for value in values)
    return [cell.ljust(width) if is_text else cell.rjust(width) for cell in cells]


def _cell(value: object, decimals: int) -> str:
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.{decimals}f}"
    return plain(str(value))
