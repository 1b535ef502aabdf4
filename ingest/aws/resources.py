"""What the sync commands share: what AWS's APIs return becomes rows, through the same ledger as files.

A *resource* is one thing that an API describes: a labeling job, a user, a work team, a day of a log. It has a URI, and
a version: the md5 of its description. So it is loaded again only if it changed, and if it disappears its rows stay. It
comes from the API itself or from a saved response: a file that holds one response or more.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec
from msgspec import Raw

from ingest.aws.clients import AwsError
from ingest.formats.parsing import BadFile, as_json, milliseconds, milliseconds_of_seconds, utf_8
from ingest.lake.lake import Lake
from ingest.lake.ledger import (
    WORKER_KIND,
    Ledger,
    Status,
    is_settled,
    new_entry,
    read_ledger,
)
from ingest.lake.redaction import Redaction
from ingest.rows import Rows, in_short
from ingest.storage.open import open_store, open_store_of_file
from ingest.storage.store import DEFAULT_S3_OPTIONS, S3_SCHEME, S3Options, StoreError
from ingest.tables import LedgerEntry


class ResourceKind(StrEnum):
    """Kind of a ledger entry that is not a file of a labeling job."""

    LABELING_JOB = "labeling_job"
    LABELING_JOB_SUMMARY = "labeling_job_summary"
    USER = "user"
    WORKTEAM = "workteam"
    WORKTEAM_MEMBERS = "workteam_members"
    WORKER_ACTIVITY = "worker_activity"
    SAVED_RESPONSE = "saved_response"
    """A file of responses: in the ledger only if something in it is rejected."""


@dataclass(frozen=True)
class Resource:
    """One thing that an API describes, and its rows."""

    uri: str
    kind: ResourceKind
    content: bytes | None
    """Its description, whose md5 is the version; None if it could not be read, so that the next sync tries again."""
    rows: Mapping[str, Sequence[tuple[Any, ...]]] = field(default_factory=dict)
    """By table."""
    job_name: str | None = None
    """Its labeling job; users, teams and logs have none."""
    modified_at: int | None = None
    is_dated: bool = False
    """Whether ``modified_at`` decides which of two versions is newer."""
    may_shrink: bool = True
    """Whether a version with fewer rows replaces one with more."""
    worker_key: str | None = None
    """The one worker whom it describes."""
    status: Status = Status.LOADED
    error: str | None = None
    warning: str | None = None


@dataclass
class SyncSummary:
    """What a sync did."""

    load_id: str | None = None
    found: int = 0
    unchanged: int = 0
    forgotten: int = 0
    loaded: int = 0
    rejected: int = 0
    skipped: int = 0
    rows: int = 0
    values_dropped: int = 0
    """Values of JSON that named forgotten workers as a whole, and are NULL."""
    errors: list[dict[str, str]] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)


class KnownResources:
    """A lake, and the resources in its ledger."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self._ledger: Ledger = read_ledger(lake.store, kinds={*ResourceKind, WORKER_KIND})
        self.forgotten_workers = self._ledger.forgotten_workers
        self.last_load_id = self._ledger.last_load_id

    def newest(self, uri: str) -> LedgerEntry | None:
        """The newest entry of a resource."""
        return self._ledger.newest.get(uri)

    def version(self, uri: str) -> LedgerEntry | None:
        """The entry whose rows are the resource's."""
        return self._ledger.version(uri)

    def loaded(self, kind: ResourceKind) -> Iterator[LedgerEntry]:
        """The entries of a kind whose rows count."""
        return (entry for entry in self._ledger.versions() if entry.status == Status.LOADED and entry.file_kind == kind)


def sync(known: KnownResources, resources: Iterable[Resource], include_forgotten: bool = False) -> SyncSummary:
    """Commit what is new or changed among the resources, in one load.

    Args:
        known: the lake, and what it has.
        resources: of several with one URI, the newest counts.
        include_forgotten: load again what ``forget`` erased, except forgotten workers.

    Raises:
        AwsError: nothing at all could be read.
    """
    summary = SyncSummary()
    found = _newest_of_each(resources)
    if found and all(resource.content is None and resource.status == Status.REJECTED for resource in found):
        raise AwsError(found[0].error)
    wanted = [resource for resource in found if _is_wanted(known, resource, include_forgotten, summary)]
    rows = Rows()
    for number, resource in enumerate(wanted):
        rows.begin(number, resource.job_name)
        rows.add_tables(resource.rows)
    with known.lake.begin(known.last_load_id) as load:
        redacted = Redaction(known.forgotten_workers).apply(rows.batches(load.id))
        batches, summary.values_dropped = redacted.tables, redacted.values_dropped
        counts = Counter(number for batch in batches.values() for number in batch.column("file_no").to_pylist())
        if batches:
            with load.part(0) as part:
                for table, batch in batches.items():
                    part.write(table, batch)
        load.add([_entry(load.id, number, resource, counts[number]) for number, resource in enumerate(wanted)])
    summary.rows = counts.total()
    summary.load_id = load.id if load.is_committed else None
    return summary


def _newest_of_each(resources: Iterable[Resource]) -> list[Resource]:
    newest: dict[str, Resource] = {}
    for resource in resources:
        other = newest.get(resource.uri)
        if other is None or (resource.modified_at or 0) >= (other.modified_at or 0):
            newest[resource.uri] = resource
    return [*newest.values()]


def _is_wanted(known: KnownResources, resource: Resource, include_forgotten: bool, summary: SyncSummary) -> bool:
    """Whether the resource is to be written; its outcome is counted."""
    newest = known.newest(resource.uri)
    if resource.kind == ResourceKind.SAVED_RESPONSE and resource.error is None:
        # Its resources are counted, not the file; it gets an entry only to replace one that rejected it.
        return newest is not None and newest.status == Status.REJECTED
    summary.found += 1
    is_forgotten = newest is not None and newest.status == Status.FORGOTTEN and not include_forgotten
    if is_forgotten or resource.worker_key in known.forgotten_workers:
        summary.forgotten += 1
        return False
    is_known = _is_known(resource, newest) or _is_outdated(resource, known.version(resource.uri))
    if is_known and resource.status == Status.LOADED:
        summary.unchanged += 1
        return False
    if resource.status == Status.LOADED:
        summary.loaded += 1
        if resource.warning is not None:
            summary.warnings.append({"uri": resource.uri, "warning": resource.warning})
        return True
    if is_known and resource.content is not None:
        summary.unchanged += 1
        return False
    if resource.status == Status.REJECTED:
        summary.rejected += 1
    else:
        summary.skipped += 1
    summary.errors.append({"uri": resource.uri, "error": resource.error or ""})
    return not is_known


def _is_known(resource: Resource, newest: LedgerEntry | None) -> bool:
    if newest is None:
        return False
    if not is_settled(newest.status, newest.loader_version):
        return False
    if resource.content is None:
        return (newest.status, newest.error) == (resource.status, resource.error)
    return newest.etag == _etag(resource.content)


def _is_outdated(resource: Resource, version: LedgerEntry | None) -> bool:
    """Whether the lake has a newer version: an older response may be read later."""
    if version is None or version.status != Status.LOADED or resource.status != Status.LOADED:
        return False
    if resource.is_dated and (resource.modified_at or 0) < (version.modified_at or 0):
        return True
    return not resource.may_shrink and sum(map(len, resource.rows.values())) < (version.row_count or 0)


def _entry(load_id: str, number: int, resource: Resource, row_count: int) -> LedgerEntry:
    return new_entry(
        load_id,
        number,
        resource.uri,
        resource.status,
        job_name=resource.job_name,
        file_kind=resource.kind.value,
        etag=None if resource.content is None else _etag(resource.content),
        size_bytes=None if resource.content is None else len(resource.content),
        modified_at=resource.modified_at,
        row_count=row_count,
        error=resource.error,
        warning=resource.warning,
    )


def _etag(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


MAX_UNPACKED_BYTES = 128 * 2**20
"""Of a compressed file of saved responses: its values take some times as much memory."""


class SavedFile(NamedTuple):
    """A file of saved responses, or of an exported log."""

    uri: str
    data: bytes

    def text(self) -> str:
        """Its text: decompressed if it is gzip; decoded as UTF-16, which PowerShell's ``>`` writes, if it is marked so.

        Raises:
            BadFile: it is not.
        """
        return b"".join(utf_8([self.data], MAX_UNPACKED_BYTES)).decode()


# What is read in a folder that is named in place of a file.
_SAVED = re.compile(r".*(?<!/)\.(json|jsonl|gz)", re.DOTALL)


def saved_files(locations: Iterable[str], s3: S3Options = DEFAULT_S3_OPTIONS) -> Iterator[SavedFile]:
    """Files by path or uri; of a folder, or of a uri that ends in a slash, each .json, .jsonl and .gz file below it.

    Raises:
        StoreError: one of them is missing or cannot be read.
    """
    for location in locations:
        is_folder = location.endswith("/") if location.startswith(S3_SCHEME) else Path(location).is_dir()
        store, name = (open_store(location, s3), "") if is_folder else open_store_of_file(location, s3)
        names = [entry.path for entry in store.list() if _SAVED.fullmatch(entry.path)] if is_folder else [name]
        if not names:
            raise StoreError(f"no .json, .jsonl or .gz file in {location}")
        for path in names:
            try:
                yield SavedFile(store.uri_of(path), store.read(path))
            except OSError as error:
                raise StoreError(f"cannot read {store.uri_of(path)}: {error}") from None


_decoder = JSONDecoder()
# Between values: blanks, and in a log that CloudWatch exported the time of the next event.
_BETWEEN = re.compile(r"\s*(?:\d{4}-\d\d-\d\dT[\d:.]+Z(?=[ \t]))?\s*")


def json_values(text: str) -> Iterator[Raw]:
    """The JSON values of a text as they are written: one, JSON Lines, or values one after the other; lists' items.

    Raises:
        BadFile: something in it is not JSON; the values before it were given.
    """
    for value in json_values_and_errors(text):
        if isinstance(value, BadFile):
            raise value
        yield value


def json_values_and_errors(text: str) -> Iterator[Raw | BadFile]:
    """The same, with the error in place of what is not JSON, up to the end of its line."""
    position = _BETWEEN.match(text).end()  # type: ignore[union-attr] # it matches anything
    while position < len(text):
        try:
            value, end = _decoder.raw_decode(text, position)
            written = text[position:end].encode()
            yield from msgspec.json.decode(written, type=list[Raw]) if isinstance(value, list) else (Raw(written),)
        except ValueError as error:  # a number of thousands of digits, or half a character, is another than JSON's own
            where = f"line {error.lineno}: {error.msg}" if isinstance(error, JSONDecodeError) else str(error)
            yield BadFile(where)
            end = text.find("\n", position)
            if end < 0:
                return
        position = _BETWEEN.match(text, end).end()  # type: ignore[union-attr]


_METADATA = "ResponseMetadata"
_fields = msgspec.json.Decoder(dict[str, Raw])
UNREADABLE = (BadFile, msgspec.MsgspecError, UnicodeError, RecursionError)
"""The errors of a response that cannot be parsed."""


def response_fields(response: Raw) -> dict[str, Raw]:
    """A response's fields, as written.

    Raises:
        msgspec.ValidationError: it is not an object.
    """
    return _fields.decode(response)


def saved_resources(
    files: Iterable[SavedFile], read: Callable[[Raw], Iterator[Resource | BadFile]]
) -> Iterator[Resource]:
    """The resources in saved responses; and each file, with the errors that belong to no resource."""
    for file in files:
        errors: list[str] = []
        number = 0
        try:
            for number, response in enumerate(json_values(file.text()), 1):
                try:
                    for item in read(response):
                        if isinstance(item, Resource):
                            yield item
                        else:
                            errors.append(f"response {number}: {item}")
                except UNREADABLE as error:
                    errors.append(f"response {number}: {reason(error)}")
        except UNREADABLE as error:
            errors.append(reason(error))
        if not (number or errors):
            errors.append("no JSON in it")
        yield Resource(
            file.uri,
            ResourceKind.SAVED_RESPONSE,
            file.data,
            status=Status.REJECTED if errors else Status.LOADED,
            error=in_short(next(iter(errors), None), len(errors)),
        )


def each_of(name: str, items: Raw, read: Callable[[Raw], Resource]) -> Iterator[Resource | BadFile]:
    """The resources of a page's list; in place of an item that does not identify its resource, the error."""
    for place, item in enumerate(msgspec.json.decode(items, type=list[Raw])):
        try:
            yield read(item)
        except UNREADABLE as error:
            yield BadFile(f"{name}[{place}]: {reason(error)}")


def attempted(resource: Resource, parse: Callable[[], Resource]) -> Resource:
    """What ``parse`` makes of a resource; or the resource as rejected, with the reason."""
    try:
        return parse()
    except UNREADABLE as error:
        return replace(resource, status=Status.REJECTED, error=reason(error))


def refused(resource: Resource, error: Exception) -> Resource:
    """A resource that an API refuses to describe; the next sync asks again."""
    return replace(resource, content=None, status=Status.REJECTED, error=f"cannot be read: {error}")


def reason(error: Exception) -> str:
    """Why a response cannot be parsed."""
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def as_saved(response: Mapping[str, Any]) -> Raw:
    """boto3's response as a saved one: as the AWS CLI prints it, with times in UTC wherever this runs."""
    content = {name: value for name, value in response.items() if name != _METADATA}
    return Raw(json.dumps(content, ensure_ascii=False, default=_utc).encode("utf-8", "surrogatepass"))


def without_metadata(response: Raw) -> Raw:
    """A response as written, but for what boto3 adds to it, which is another each time."""
    fields = response_fields(response)
    if _METADATA not in fields:
        return response
    return Raw(as_json({name: raw for name, raw in fields.items() if name != _METADATA}).encode())


def _utc(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(f"not of a response: {value!r}")


Moment: TypeAlias = str | float | None
"""A time: ISO 8601 from AWS CLI v2 and from boto3's ``str(datetime)``, seconds since 1970 from AWS CLI v1."""


def time_of(name: str, moment: Moment) -> int | None:
    """Milliseconds since 1970-01-01 UTC.

    Raises:
        BadFile: it is not a time.
    """
    try:
        if moment is None:
            return None
        return milliseconds(moment) if isinstance(moment, str) else milliseconds_of_seconds(moment)
    except BadFile as error:
        raise BadFile(f"{name}: {error}") from None
