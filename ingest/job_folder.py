"""Where things are in a labeling job's folder, and what each file is.

Layout: Amazon SageMaker developer guide, "Labeling job output data"::

    <job>/manifests/output/output.manifest
    <job>/annotations/worker-response/iteration-<n>/<data object>/<time>.json
    <job>/annotations/worker-response/iteration-<n>/<data object>/<40 hex digits>/<frame>.json
    <job>/annotations/consolidated-annotation/consolidation-request/iteration-<n>/<time>.json
    <job>/annotations/consolidated-annotation/consolidation-response/iteration-<n>/<time>.json
    <job>/annotations/consolidated-annotation/output/<data object>/SeqLabel.json
    <job>/annotations/consolidated-annotation/output/<data object>_<time>.png
    <job>/annotations/consolidated-annotation/output/<data object>/<name>.zlib

The service does not write golden answers, and leaves the label category config and the batches of a bulk review where
the job's input is; all are also found here, in the job's folder, or in any folder of that name::

    <job>/golden.manifest
    <job>/label_category_config.json, or <job>/annotation-tool/<name>.json
    <job>/review-batches/<batch>.json

A folder is a job's if results or answers are in it; these files alone make no job.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import msgspec


class FileKind(StrEnum):
    """What a source file is."""

    OUTPUT_MANIFEST = "output_manifest"
    WORKER_RESPONSE = "worker_response"
    WORKER_FRAME = "worker_frame"
    CONSOLIDATION_REQUEST = "consolidation_request"
    CONSOLIDATION_RESPONSE = "consolidation_response"
    SEQUENCE_LABELS = "sequence_labels"
    MASK = "mask"
    POINT_CLASSES = "point_classes"
    LABEL_CATEGORY_CONFIG = "label_category_config"
    GOLDEN_LABELS = "golden_labels"
    REVIEW_BATCH = "review_batch"


BESIDE_RESULTS = frozenset({FileKind.LABEL_CATEGORY_CONFIG, FileKind.GOLDEN_LABELS, FileKind.REVIEW_BATCH})
"""Kinds of files that are about a job, and do not make one."""
RESULTS = frozenset(FileKind) - BESIDE_RESULTS
"""Kinds of files that make a folder a job's."""


HOLD_RESULTS = frozenset({FileKind.OUTPUT_MANIFEST, FileKind.CONSOLIDATION_RESPONSE})
"""Kinds of files that hold the results of many data objects, or name the files of labels that do."""


class SourceFile(msgspec.Struct, frozen=True, gc=False):
    """One file to read: where it is, what it is, and what its place in the tree says of its content."""

    file_no: int
    path: str
    uri: str
    kind: FileKind
    job_name: str
    job_uri: str | None = None
    etag: str | None = None
    size_bytes: int = 0
    modified_at: int | None = None
    iteration: int | None = None
    object_folder: str | None = None
    payload_folder: str | None = None
    label_attribute: str | None = None


class Place(msgspec.Struct, frozen=True, gc=False):
    """What a uri says of the file behind it."""

    kind: FileKind
    job_uri: str
    iteration: int | None = None
    object_folder: str | None = None
    payload_folder: str | None = None
    namespace: str = ""
    given_name: str | None = None

    @property
    def job_name(self) -> str:
        """Name of the job, within its namespace: its folder's, unless it was given one."""
        return namespaced(self.namespace, self.given_name or _last_part(self.job_uri))

    @property
    def frames_folder(self) -> FramesFolder | None:
        """Folder of a frame of a worker's answer; None for any other file."""
        if self.kind != FileKind.WORKER_FRAME:
            return None
        return FramesFolder(self.job_name, self.object_folder or "", self.payload_folder or "")


def namespaced(namespace: str, job_name: str) -> str:
    """Name of a job as the lake has it: folders of one name, of two accounts for instance, are told apart by it."""
    return f"{namespace}/{job_name}" if namespace else job_name


def namespace_of(job_name: str) -> str:
    """Namespace of a job as the lake names it; a folder's name has no slash."""
    return job_name.rpartition("/")[0]


class FramesFolder(NamedTuple):
    """Folder of the frames of one worker's answer, which do not say whose they are."""

    job_name: str
    object_folder: str
    payload_folder: str


_PLACE = re.compile(
    r"(?P<job>.+?)/(?:"
    r"(?P<output_manifest>manifests/output/output\.manifest)"
    r"|annotations/worker-response/iteration-(?P<iteration>\d{1,9})/(?P<object>[^/]+)/"
    r"(?:(?P<worker_response>(?!\._)[^/]+\.json)|(?P<worker_frame>(?P<payload>[0-9a-f]{40})/(?!\._)[^/]+\.json))"
    r"|annotations/consolidated-annotation/(?:"
    r"(?P<consolidation_request>consolidation-request/iteration-(?P<request_iteration>\d{1,9})/(?!\._)[^/]+\.json)"
    r"|(?P<consolidation_response>consolidation-response/iteration-(?P<response_iteration>\d{1,9})/(?!\._)[^/]+\.json)"
    r"|output/(?P<sequence>[^/]+)/(?:(?P<sequence_labels>SeqLabel\.json)|(?P<point_classes>(?!\._)[^/]+\.zlib))"
    r"|output/(?P<mask>(?P<masked>\d+)_[^/]+\.png))"
    r"|(?P<label_category_config>label_category_config\.json|annotation-tool/(?!\._)[^/]+\.json)"
    r"|(?P<golden_labels>golden\.manifest)"
    r"|(?P<review_batch>review-batches/(?!\._)[^/]+\.json)"
    r")",
    re.DOTALL,
)

_LABEL_FILES = frozenset({FileKind.SEQUENCE_LABELS, FileKind.MASK, FileKind.POINT_CLASSES})
_WORKER_RESPONSE = FileKind.WORKER_RESPONSE
_ITERATION = re.compile(r"(?P<job>.+)/annotations/worker-response/iteration-(?P<iteration>\d{1,9})", re.DOTALL)
_COLON = re.compile("[_-]|%3A|%3a|\uf03a")


def place_of(uri: str, namespace: str = "") -> Place | None:
    """What the file behind a uri is, by its place in the tree; None where it is nothing that is read.

    The ``._`` files that macOS leaves beside others on foreign disks are not read.
    """
    # Nearly all files are worker responses: those of an iteration share a folder, which is looked at once.
    folder, _, name = uri.rpartition("/")
    iteration_folder, _, object_folder = folder.rpartition("/")
    answers = _worker_responses_in(iteration_folder)
    if answers and object_folder and len(name) > len(".json") and name.endswith(".json") and not name.startswith("._"):
        return Place(_WORKER_RESPONSE, answers[0], answers[1], object_folder, None, namespace)
    match = _PLACE.fullmatch(uri)
    if match is None:
        return None
    found = {name: text for name, text in match.groupdict().items() if text is not None}
    kind = next(kind for kind in FileKind if kind.value in found)
    iteration = found.get("iteration") or found.get("request_iteration") or found.get("response_iteration")
    return Place(
        kind,
        found["job"],
        int(iteration) if iteration else None,
        found.get("object") or found.get("sequence") or found.get("masked"),
        found.get("payload"),
        namespace,
    )


_LOOKS_LIKE = re.compile(
    r"(?P<output_manifest>(?:.*[/._-])?output\.manifest(?:\.json)?(?:\.gz)?)"
    r"|(?P<worker_response>.*/(?<!/annotations/)worker-response/iteration-\d+)/.+\.json"
    r"|(?P<zip>.+\.zip)",
    re.DOTALL,
)
# Where the service leaves what it has done so far.
_INTERMEDIATE = ("/manifests/intermediate/", "/annotations/intermediate/")


class LookAlike(NamedTuple):
    """File, or folder of files, that is not where a job has such a thing."""

    uri: str
    kind: FileKind | None
    advice: str


def look_alike(uri: str) -> LookAlike | None:
    """What a file that is not read looks like; None if it looks like nothing that a labeling job has."""
    match = _LOOKS_LIKE.fullmatch(uri)
    if match is None or any(folder in uri for folder in _INTERMEDIATE):
        return None
    if match["output_manifest"]:
        advice = "an output manifest that is not at JOB/manifests/output/output.manifest: load it alone, with --job"
        return LookAlike(uri, FileKind.OUTPUT_MANIFEST, advice)
    if match["worker_response"]:
        advice = "answers that are not in JOB/annotations/worker-response/iteration-N/OBJECT: copy them to there"
        return LookAlike(match["worker_response"], FileKind.WORKER_RESPONSE, advice)
    return LookAlike(uri, None, "a zip file: unpack it, and load the folder")


@lru_cache(maxsize=1_000)
def _last_part(uri: str) -> str:
    return uri.rpartition("/")[2]


@lru_cache(maxsize=1_000)
def _worker_responses_in(folder: str) -> tuple[str, int] | None:
    """Job and iteration of a folder of worker responses; None for any other folder."""
    match = _ITERATION.fullmatch(folder)
    return (match["job"], int(match["iteration"])) if match else None


def is_label_file(kind: FileKind) -> bool:
    """Whether a manifest names such files, which hold the labels of its data objects."""
    return kind in _LABEL_FILES


def comparable_uri(uri: str) -> str:
    """The uri as it compares with others: in a copy, the colons of a file name's time may be other characters."""
    head, slash, name = uri.rpartition("/")
    return head + slash + _COLON.sub(":", name)


def own_file(ref: str, job_uri: str) -> str | None:
    """Where the file that a manifest's ref names lies in this job's folder, or None if it is another job's.

    A ref names the bucket that the service wrote to; in a copy, the file is found by the part after the job's name.
    """
    head, found, tail = ref.rpartition("/annotations/")
    job_name = job_uri.rpartition("/")[2]
    if not found or head.rpartition("/")[2].lower() != job_name.lower():
        return None
    return f"{job_uri}/annotations/{tail}"


def label_file_key(uri: str) -> tuple[str, str] | None:
    """What is the same in a manifest's ref and in the uri of the file that it names, in whatever folder that lies.

    The name of the job's folder, in lower case, and the path below its annotations; None if there is no such path.
    """
    head, found, tail = uri.rpartition("/annotations/")
    return (head.rpartition("/")[2].lower(), comparable_uri(tail)) if found else None
