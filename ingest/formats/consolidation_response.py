"""Consolidation responses: the results that a consolidation function made, of many data objects at once.

They hold what the output manifest has of the same objects, and stand in for it where it is missing.

Format: Amazon SageMaker developer guide, "Post-annotation Lambda", and public code that reads such files.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Raw

from ingest.formats.output_manifest import Line, add_object, new_rows, read_line
from ingest.formats.parsing import BadFile, Warn, index, unwrapped, whole
from ingest.job_folder import SourceFile, namespace_of
from ingest.rows import Rows


class _Consolidated(msgspec.Struct, gc=False):
    content: Raw


class _Entry(msgspec.Struct, rename="camel", gc=False):
    dataset_object_id: str | int
    consolidated_annotation: _Consolidated


_entries = msgspec.json.Decoder(list[Raw])
_entry = msgspec.json.Decoder(_Entry)


def parse(file: SourceFile, blocks: Iterable[bytes], rows: Rows) -> None:
    """Rows of a consolidation response, as of an output manifest; if it has an object twice, the last one counts.

    Raises:
        BadFile, msgspec.MsgspecError: the file is not of the documented shape.
    """
    objects: dict[int, tuple[Line, Warn]] = {}
    for place, entry_json in enumerate(_entries.decode(whole(blocks, rows.warn))):

        def warn(what: str, place: int = place) -> None:
            rows.warn(f"[{place}]: {what}")

        try:
            entry = _entry.decode(entry_json)
            content = unwrapped(entry.consolidated_annotation.content, warn)
            if content is not None:
                objects[index(str(entry.dataset_object_id))] = (read_line(bytes(content), warn), warn)
        except (BadFile, msgspec.MsgspecError) as error:
            raise BadFile(f"[{place}]: {error}") from None
    found = new_rows()
    namespace = namespace_of(file.job_name)
    for object_index, (line, warn_of_entry) in objects.items():
        add_object(found, object_index, line, namespace, warn_of_entry)
    found.move_to(rows)
