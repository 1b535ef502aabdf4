"""What a load is to read: the source's files, as they are listed, less what the lake has already."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field

import msgspec

from ingest.job_folder import (
    BESIDE_RESULTS,
    RESULTS,
    FileKind,
    FramesFolder,
    LookAlike,
    Place,
    SourceFile,
    comparable_uri,
    is_label_file,
    look_alike,
    own_file,
    place_of,
)
from ingest.lake.ledger import (
    LOOK_ALIKE,
    KnownFiles,
    Owner,
    Status,
    listed_entry,
    look_alike_entry,
    newer_folder,
    passed_over,
    unlisted_entry,
)
from ingest.load.outcome import Outcome, Summary
from ingest.storage.open import open_store, open_store_of_file
from ingest.storage.store import DEFAULT_S3_OPTIONS, Entry, S3Options, Store, StoreError
from ingest.tables import LedgerEntry

_WORKER_RESPONSE = FileKind.WORKER_RESPONSE
_CHUNK_FILES = 2_048
# The first chunk is small, so that other processes begin soon.
_FIRST_CHUNK_FILES = 512
_CHUNK_BYTES = 32 * 2**20


@dataclass(frozen=True)
class Options:
    """What a load is told beyond its source and its lake; jobs by name, files by URI or path."""

    label_attributes: Mapping[str, str] = field(default_factory=dict)
    golden: Mapping[str, str] = field(default_factory=dict)
    label_category_configs: Mapping[str, str] = field(default_factory=dict)
    review_batches: Mapping[str, str] = field(default_factory=dict)
    """Folders."""
    include_forgotten: bool = False
    processes: int = 0
    """Processes that read; 0 is one per processor."""
    namespace: str = ""
    """Put before the names of the jobs in the source's folders."""
    manifest_of: str = ""
    """The source is not a folder, but the output manifest of this job."""
    s3: S3Options = DEFAULT_S3_OPTIONS
    file_memory_mb: int = 1_024
    """Memory that one file may take."""

    @property
    def jobs(self) -> list[str]:
        """Names of the jobs that any of the options is about."""
        named = (self.label_attributes, self.golden, self.label_category_configs, self.review_batches)
        return [*dict.fromkeys(itertools.chain(*named))]


def check_jobs(source: Store, known: KnownFiles, options: Options) -> None:
    """Check that every job that an option names is there, before anything is written.

    Raises:
        StoreError: a job is neither in the source nor in the lake.
    """
    missing = {name for name in options.jobs if name not in known.job_uris}
    if not missing:
        return
    for entry in source.list(on_error=lambda path, error: None):  # the load itself records them
        place = place_of(source.uri_of(entry.path), options.namespace)
        if place is not None and place.kind in RESULTS:
            missing.discard(place.job_name)
            if not missing:
                return
    first = next(name for name in options.jobs if name in missing)
    raise StoreError(f"no labeling job {first} under {source.uri}, nor in the lake: check the option's JOB")


class Plan:
    """The files that are to be read, in chunks; what is passed over is counted, or recorded."""

    def __init__(self, source: Store, known: KnownFiles, options: Options, file: str | None = None) -> None:
        """Make it, with nothing listed yet.

        Args:
            source: where to read.
            known: what the lake has.
            options: see ``Options``.
            file: the one file of the source that is to be read, if it is a manifest by itself.
        """
        self._file = file
        self.summary = Summary()
        self.skipped: list[Outcome] = []
        self.known = known
        self.job_uris = dict(known.job_uris)
        self._is_first_load = known.is_empty
        self.source, self._options = source, options
        self._label_files: set[str] = set()
        self._waiting_frames: list[tuple[Entry, str, Place]] = []
        # Files that are about a job and make none, until all folders are listed.
        self._beside: list[tuple[Entry, str, Place]] = []
        # Times of the newest manifest, and of the newest result or answer, of each job's folder.
        self._newest: dict[str, tuple[int | None, int]] = {}
        # Files of folders whose job's name another folder has, until all folders are listed.
        self._contested: list[tuple[Entry, str, Place]] = []
        self._is_listed = False
        self._numbers = itertools.count()
        self._unlisted: dict[str, str] = {}
        self._moved: list[str] = []
        self._look_alikes: dict[str, LookAlike] = {}

    def chunks(self) -> Iterator[tuple[Store, list[SourceFile]]]:
        """Files in chunks of some megabytes, with the store they are in; those that options name come first."""
        yield from self._named_files()
        yield from _in_chunks(self.source, self._listed() if self._file is None else self._manifest(self._file))

    def frame_chunks(self, forgotten: Set[FramesFolder]) -> Iterator[tuple[Store, list[SourceFile]]]:
        """Frames of workers' answers that waited for the answers to be read, less those in forgotten folders."""
        yield from _in_chunks(self.source, self._frames(forgotten))

    def next_number(self) -> int:
        """A number for one more file of the load."""
        return next(self._numbers)

    def missing(self, label_files: Iterable[tuple[SourceFile, str]]) -> Iterator[Outcome]:
        """Files of labels that a job's manifest refers to, and that are not in its folder."""
        for manifest, ref in dict.fromkeys(label_files):
            uri = own_file(ref, manifest.job_uri or "")
            place = place_of(uri, self._options.namespace) if uri else None
            if uri is None or place is None or not is_label_file(place.kind):
                continue
            if comparable_uri(uri) in self._label_files or self.known.is_known(uri):
                continue
            file = SourceFile(self.next_number(), "", uri, place.kind, manifest.job_name, manifest.job_uri)
            yield Outcome(file, Status.REJECTED, error=f"missing file, referenced by {manifest.uri}")

    def unlisted(self, load_id: str) -> Iterator[LedgerEntry]:
        """Entries of what could not be listed, which is counted; and of what could not be before, and now is."""
        for uri, reason in self._unlisted.items():
            if not self.known.is_forgotten(uri):
                job = next((job for job in self.job_uris.items() if uri.startswith(f"{job[1]}/")), (None, None))
                self.summary.files_rejected += 1
                self.summary.errors.append({"uri": uri, "error": reason})
                yield unlisted_entry(load_id, self.next_number(), uri, reason, *job)
        for uri in sorted(self.known.unlisted - self._unlisted.keys()):
            if uri.startswith(f"{self.source.uri}/"):
                yield listed_entry(load_id, self.next_number(), uri)

    def _note_unlisted(self, path: str, error: OSError) -> None:
        reason = f"cannot be listed: {error.strerror or error}"
        if not path:
            raise StoreError(f"{self.source.uri}: {reason}")
        self._unlisted[self.source.uri_of(path)] = reason

    def look_alikes(self) -> list[LookAlike]:
        """What was ignored, and looks as if it should have been read."""
        return [*self._look_alikes.values()]

    def skipped_look_alikes(self, load_id: str) -> Iterator[LedgerEntry]:
        """Entries of them, which are counted; what an earlier load skipped is not said again."""
        for uri, kind, advice in self._look_alikes.values():
            if kind is not None and not self.known.has(uri, LOOK_ALIKE) and not self.known.is_forgotten(uri):
                self.summary.files_skipped += 1
                self.summary.errors.append({"uri": uri, "error": advice})
                yield look_alike_entry(load_id, self.next_number(), uri, kind, advice)

    def _manifest(self, path: str) -> Iterator[SourceFile]:
        """The one manifest that the source is."""
        entry = next((entry for entry in self.source.list(on_error=self._note_unlisted) if entry.path == path), None)
        uri = self.source.uri_of(path)
        if entry is None:
            raise StoreError(f"no such file: {uri}")
        self.summary.files_found += 1
        options = self._options
        place = Place(FileKind.OUTPUT_MANIFEST, uri, namespace=options.namespace, given_name=options.manifest_of)
        file = self._wanted(entry, uri, place)
        if file is not None:
            yield file
        yield from self._of_contested_jobs()

    def _listed(self) -> Iterator[SourceFile]:
        frames_wait = bool(self.known.forgotten_workers)
        summary, uri_of = self.summary, self.source.uri_of
        for entry in self.source.list(on_error=self._note_unlisted):
            if entry.original is not None and place_of(uri_of(entry.original)):
                continue  # its work counts once, where it is
            summary.files_found += 1
            uri = uri_of(entry.path)
            place = place_of(uri, self._options.namespace)
            if place is None:
                summary.files_ignored += 1
                alike = look_alike(uri)
                if alike is not None:
                    self._look_alikes.setdefault(alike.uri, alike)
            elif place.kind in BESIDE_RESULTS:
                self._beside.append((entry, uri, place))
            elif frames_wait and place.kind is FileKind.WORKER_FRAME:
                self._waiting_frames.append((entry, uri, place))  # only an answer says whose it is
            else:
                file = self._wanted(entry, uri, place)
                if file is not None:
                    yield file
        yield from self._of_contested_jobs()
        yield from self._beside_results()

    def _beside_results(self) -> Iterator[SourceFile]:
        """Files that are about a job: that of their folder, or else the one of that folder's name."""
        for entry, uri, place in self._beside:
            owner = self.job_uris.get(place.job_name)
            if owner is None:
                self.summary.files_ignored += 1
                continue
            if place.job_uri not in self._newest:
                place = msgspec.structs.replace(place, job_uri=owner)
            file = self._wanted(entry, uri, place)
            if file is not None:
                yield file

    def _of_contested_jobs(self) -> Iterator[SourceFile]:
        """Files of folders that have a job's name from another one, since their results are newer."""
        self._is_listed = True
        self._recognise_moved()
        for _, _, place in self._contested:
            owner = self._folder(place.job_name, self.job_uris[place.job_name])
            folder = self._folder(place.job_name, place.job_uri)
            self.job_uris[place.job_name] = newer_folder(owner, folder).job_uri
        contested, self._contested = self._contested, []
        for entry, uri, place in contested:
            file = self._of_owner(entry, uri, place)
            if file is not None:
                yield file

    def _recognise_moved(self) -> None:
        """Give a job's name to the folder that its files are in now, if the folder that had it is gone."""
        if self._unlisted:  # what is gone may only not be listed
            return
        etags_of: dict[tuple[str, str], dict[str, str]] = {}
        for entry, uri, place in self._contested:
            etags_of.setdefault((place.job_name, place.job_uri), {})[uri] = entry.etag
        old_uris = {self.job_uris[job_name] for job_name, _ in etags_of}
        gone = {uri for uri in old_uris - self._newest.keys() if uri.startswith(f"{self.source.uri}/")}
        files_in = self.known.files_in(gone)
        for (job_name, new_uri), etags in sorted(etags_of.items()):
            old_uri = self.job_uris[job_name]
            if old_uri not in gone:
                continue
            before = files_in[old_uri]
            results = [entry for entry in before if entry.file_kind in RESULTS]
            if all(etags.get(new_uri + (entry.uri or "").removeprefix(old_uri)) == entry.etag for entry in results):
                self.job_uris[job_name] = new_uri
                self._moved += [entry.uri or "" for entry in before]

    def moved(self, load_id: str) -> Iterator[LedgerEntry]:
        """Entries of files whose job's folder was moved: their rows are those of the files where they are now."""
        for uri in self._moved:
            yield listed_entry(load_id, self.next_number(), uri)

    def _folder(self, job_name: str, job_uri: str) -> Owner:
        """A job's folder, and the time of its newest result: as it is listed, else as the lake has it."""
        manifest_at, file_at = self._newest.get(job_uri, (None, None))
        known = self.known.owners.get(job_name)
        if manifest_at is None and known is not None and known.job_uri == job_uri:
            return known
        return Owner(job_uri, file_at if manifest_at is None else manifest_at)

    def _note_newest(self, place: Place, modified_at: int) -> None:
        if place.kind in BESIDE_RESULTS:
            return
        manifest_at, file_at = self._newest.get(place.job_uri, (None, modified_at))
        if place.kind is FileKind.OUTPUT_MANIFEST:
            manifest_at = max(manifest_at or modified_at, modified_at)
        self._newest[place.job_uri] = (manifest_at, max(file_at, modified_at))

    def _frames(self, forgotten: Set[FramesFolder]) -> Iterator[SourceFile]:
        for entry, uri, place in self._waiting_frames:
            if place.frames_folder not in forgotten:
                file = self._wanted(entry, uri, place)
                if file is not None:
                    yield file
                continue
            self.summary.files_forgotten += 1
            if self.known.is_known(uri) and not self.known.is_forgotten(uri):  # they were loaded before the answer
                self.skipped.append(Outcome(self._source_file(entry, uri, place, None), Status.FORGOTTEN))

    def _wanted(self, entry: Entry, uri: str, place: Place) -> SourceFile | None:
        """The file, if it is to be read; if not, it is counted."""
        kind, job_name = place.kind, place.job_name
        options, known = self._options, self.known
        if kind is not _WORKER_RESPONSE and is_label_file(kind):
            self._label_files.add(comparable_uri(uri))
        if not self._is_first_load and known.is_forgotten(uri) and not options.include_forgotten:
            self.summary.files_forgotten += 1
            return None
        self._note_newest(place, entry.modified_at)
        if not self._is_first_load:
            # A label attribute that an option names must be written beside the manifest, changed or not.
            is_option = kind is FileKind.OUTPUT_MANIFEST and job_name in options.label_attributes
            if known.has(uri, entry.etag) and not is_option:
                self.summary.files_unchanged += 1
                return None
        self.job_uris.setdefault(job_name, place.job_uri)
        return self._of_owner(entry, uri, place)

    def _of_owner(self, entry: Entry, uri: str, place: Place) -> SourceFile | None:
        """The file, if it is in the folder that the job's name belongs to; if not, it waits, or is skipped."""
        owner = self.job_uris[place.job_name]
        if owner == place.job_uri:
            return self._source_file(entry, uri, place, entry.etag)
        if not self._is_listed:
            self._contested.append((entry, uri, place))
        elif self.known.has(uri, None):
            self.summary.files_unchanged += 1
        else:
            reason = passed_over(place.job_name, owner, place.job_uri)
            # Without a version: each load tries again a file that is in the way of another.
            self.skipped.append(Outcome(self._source_file(entry, uri, place, None), Status.SKIPPED, error=reason))
        return None

    def _source_file(self, entry: Entry, uri: str, place: Place, etag: str | None) -> SourceFile:
        job_name = place.job_name
        return SourceFile(
            next(self._numbers),
            entry.path,
            uri,
            place.kind,
            job_name,
            place.job_uri,
            etag,
            entry.size_bytes,
            entry.modified_at,
            place.iteration,
            place.object_folder,
            place.payload_folder,
            self._options.label_attributes.get(job_name) if self._options.label_attributes else None,
        )

    def _named_files(self) -> Iterator[tuple[Store, list[SourceFile]]]:
        options = self._options
        for kind, named in (
            (FileKind.GOLDEN_LABELS, options.golden),
            (FileKind.LABEL_CATEGORY_CONFIG, options.label_category_configs),
        ):
            for job_name, location in named.items():
                store, name = open_store_of_file(location, options.s3)
                try:
                    etag = hashlib.md5(store.read(name), usedforsecurity=False).hexdigest()
                except OSError as error:
                    raise StoreError(f"cannot read {location}: {error}") from None
                uri = f"{store.uri_of(name)}#{job_name}"  # one file may serve several jobs
                if not self.known.has(uri, etag):
                    yield store, [SourceFile(self.next_number(), name, uri, kind, job_name, etag=etag)]
        for job_name, folder in options.review_batches.items():
            store = open_store(folder, options.s3)
            yield from _in_chunks(store, self._review_batches(store, job_name))

    def _review_batches(self, store: Store, job_name: str) -> Iterator[SourceFile]:
        """The batches of a folder that an option names, if they are new or changed."""
        is_empty = True
        for entry in store.list():
            # Batches differ by their names: what lies deeper may have the same ones.
            if "/" in entry.path or entry.path.startswith("._") or not entry.path.endswith(".json"):
                continue
            is_empty = False
            uri = f"{store.uri_of(entry.path)}#{job_name}"  # as above
            if not self.known.has(uri, entry.etag):
                yield SourceFile(
                    file_no=self.next_number(),
                    path=entry.path,
                    uri=uri,
                    kind=FileKind.REVIEW_BATCH,
                    job_name=job_name,
                    etag=entry.etag,
                    size_bytes=entry.size_bytes,
                    modified_at=entry.modified_at,
                )
        if is_empty:
            raise StoreError(f"no review batch (*.json) in {store.uri}")


def _in_chunks(store: Store, listed: Iterable[SourceFile]) -> Iterator[tuple[Store, list[SourceFile]]]:
    files: list[SourceFile] = []
    size = 0
    most = min(_FIRST_CHUNK_FILES, _CHUNK_FILES)
    for file in listed:
        files.append(file)
        size += file.size_bytes
        if len(files) >= most or size >= _CHUNK_BYTES:
            yield store, files
            files, size = [], 0
            most = min(2 * most, _CHUNK_FILES)
    if files:
        yield store, files
