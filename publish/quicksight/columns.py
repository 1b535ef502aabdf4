"""Columns of the marts, as the models' YAML declares them: with types, descriptions, and whether they may be NULL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml  # type: ignore[import-untyped] # it ships no type information

# The C parser takes a tenth of the time; PyYAML can be built without it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MODELS = Path(__file__).parents[2] / "models"
_TYPES = {
    "varchar": "STRING",
    "integer": "INTEGER",
    "bigint": "INTEGER",
    "double": "DECIMAL",
    "boolean": "BIT",
    "date": "DATETIME",
    "timestamp(3)": "DATETIME",
}


class ColumnsError(OSError):
    """The models cannot be read, or have no such column; the message says which."""


@dataclass(frozen=True)
class Column:
    """A column of a mart: its type in QuickSight, what it is, and whether a test holds that it is never NULL."""

    type: str
    description: str
    is_known: bool


def mart_columns(models: Path = MODELS) -> dict[str, dict[str, Column]]:
    """Every mart's columns, in order. The contracts hold that these are the columns that the marts have.

    Args:
        models: folder of the dbt models.

    Raises:
        ColumnsError: no mart is declared there, or a type or a description is none that is known.
    """
    texts = {
        name: text
        for path in sorted(models.rglob("*.md"))
        for name, text in re.findall(r"{% docs (\w+) %}(.*?){% enddocs %}", path.read_text(encoding="utf-8"), re.DOTALL)
    }

    def described(name: str, raw: str) -> str:
        def text(match: re.Match[str]) -> str:
            if match[1] not in texts:
                raise ColumnsError(f"{models}: {name}: there is no description {match[1]!r}")
            return str(texts[match[1]])

        return " ".join(re.sub(r"{{ *doc\(['\"](\w+)['\"]\) *}}", text, raw).split())

    def column(mart: str, raw: dict[str, object]) -> Column:
        name, data_type = f"{mart}.{raw['name']}", str(raw["data_type"])
        if data_type not in _TYPES:
            raise ColumnsError(f"{models}: {name}: QuickSight has no type for {data_type}; there are {sorted(_TYPES)}")
        tests = raw.get("data_tests", [])
        assert isinstance(tests, list)
        return Column(_TYPES[data_type], described(name, str(raw.get("description", ""))), "not_null" in tests)

    found = {
        model["name"]: {raw["name"]: column(model["name"], raw) for raw in model["columns"]}
        for path in sorted((models / "marts").rglob("_*__models.yml"))
        for model in yaml.load(path.read_text(encoding="utf-8"), _LOADER)["models"]
    }
    if not found:
        raise ColumnsError(f"{models}: no marts are declared there; name the folder of the models with --models")
    return found
