"""A manifest of classifications by Arrow's own JSON reader, with given types; the lines themselves are not kept.

``python -m tests.bench.with_arrow SOURCE OUT``
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import json

METADATA = pa.struct(
    {
        "class-name": pa.string(),
        "confidence": pa.float64(),
        "job-name": pa.string(),
        "type": pa.string(),
        "creation-date": pa.timestamp("us"),
        "human-annotated": pa.string(),
    }
)
LINE = pa.schema({"source-ref": pa.string(), "label": pa.int32(), "label-metadata": METADATA})


def main(source: Path, out: Path) -> None:
    """Write the labels."""
    [manifest] = source.glob("*/manifests/output/output.manifest")
    options = json.ParseOptions(explicit_schema=LINE, unexpected_field_behavior="ignore")
    table = json.read_json(manifest, parse_options=options)
    pq.write_table(table.flatten(), out / "labels.parquet", compression="zstd")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
