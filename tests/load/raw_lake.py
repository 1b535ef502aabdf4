"""What a load left in the lake, read from its Parquet files alone: none of the loader's own reading is used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ingest.load.plan import Options
from ingest.load.run import load
from ingest.tables import LEDGER, TABLES

Row = dict[str, Any]
MANIFEST = "manifests/output/output.manifest"
OUTPUT = "annotations/consolidated-annotation/output"
SEQUENCE = f"{OUTPUT}/0/SeqLabel.json"
CLOUDS = f"{OUTPUT}/1/SeqLabel.json"
LINKED = f"{OUTPUT}/2/SeqLabel.json"
MASK = f"{OUTPUT}/0_2021-03-08T23-10-02.123456.png"
POINTS = f"{OUTPUT}/1/labels.zlib"
ANSWERS = "annotations/worker-response/iteration-1/0/2021-03-08_23-06-49.json"
FRAME = "annotations/worker-response/iteration-1/0/0123456789abcdef0123456789abcdef01234567/1.jpg.json"
REQUEST = "annotations/consolidated-annotation/consolidation-request/iteration-1/2021-03-08_23-06-50.json"
RESULTS = "annotations/consolidated-annotation/consolidation-response/iteration-1/2021-03-08_23-06-55.json"
CONFIG = "label_category_config.json"
GOLDEN = "golden.manifest"
BATCH = "review-batches/dog-00001.json"


@dataclass(frozen=True)
class RawLake:
    """A lake: its ledger, and the rows of every table that belong to a loaded file."""

    ledger: list[Row]
    tables: dict[str, list[Row]]

    @property
    def errors(self) -> dict[str, str]:
        """Error by uri, of the files that were not loaded."""
        return {entry["uri"]: entry["error"] for entry in self.ledger if entry["status"] != "loaded"}

    @property
    def warnings(self) -> dict[str, str]:
        """Warning by uri, of the files that were loaded though not all of them was understood."""
        return {entry["uri"]: entry["warning"] for entry in self.ledger if entry["warning"] is not None}


def load_and_read(source: Path, lake: Path, options: Options | None = None) -> RawLake:
    """Load a folder into a new lake, and read the lake."""
    load(str(source), str(lake), options)
    return read_lake(lake)


def read_lake(lake: Path) -> RawLake:
    """Read a lake."""
    ledger = _read(lake, LEDGER.name)
    loaded = {(entry["load_id"], entry["file_no"]) for entry in ledger if entry["status"] == "loaded"}
    rows = {
        name: [row for row in _read(lake, name) if (row["load_id"], row["file_no"]) in loaded]
        for name in sorted(TABLES)
    }
    return RawLake(ledger, {name: found for name, found in rows.items() if found})


def load_files(folder: Path, files: dict[str, bytes], options: Options | None = None) -> RawLake:
    """Write the files into a source folder, each at its path, then load and read them."""
    for path, data in files.items():
        target = folder / "source" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return load_and_read(folder / "source", folder / "lake", options)


def values(row: Row) -> Row:
    """The row without its lineage and without its NULLs."""
    return {
        name: value
        for name, value in row.items()
        if name not in {"load_id", "file_no", "job_name"} and value is not None
    }


def _read(lake: Path, table: str) -> list[Row]:
    files = sorted((lake / "raw" / table).glob("[!_]*.parquet"))
    return [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]
