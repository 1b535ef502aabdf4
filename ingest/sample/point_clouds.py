"""Small jobs on point clouds: cuboids, an audit of them, tracks, tracks linked with a camera, and classes of points.

Forms: developer guide, "Output data" (3D point cloud), "Verify and adjust labels", and real files.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

import msgspec

from ingest.sample.adjustment import AdjustedLabel, adjust, is_adjusted, record_adjustments
from ingest.sample.objects import AnswerPlace, Item, ResultPlace, Task, golden_line
from ingest.sample.output import BUCKET, SEQUENCE_FILE, JobFolder, Json
from ingest.sample.team import LabelSet, Turn
from ingest.sample.truth import Change, Displacement, Fault, Truth

FRAMES = 6
OFFSET = 0.1  # metres that the most careful worker's cuboids are off
CHANGES = {
    Change.KEPT: 4,
    Change.MOVED: 1,
    Change.RESIZED: 1,
    Change.RELABELED: 1,
    Change.REMOVED: 1,
    Change.ATTRIBUTE_CHANGED: 1,
}
ADDED_SHARE = 0.3  # of the clouds
POINTS = 2_000
COLORS = ("#467ce6", "#e6a847", "#7fb069")
VEHICLES = LabelSet(weights={"Car": 4, "Van": 1, "Cyclist": 1}, lookalikes={"Car": "Van", "Van": "Car"})


class Cuboid(NamedTuple):
    """Something on the street: its class, its number within the cloud, its centre and size in metres."""

    label: str
    number: int
    x: float
    y: float
    length: float
    yaw: float  # radians
    parked: str = "No"

    @property
    def name(self) -> str:
        """Name of the track as workers see it."""
        return f"{self.label}:{self.number}"

    @property
    def track_id(self) -> str:
        """Id of the track."""
        return f"00000000-0000-4000-9000-{self.number:012}"

    def consolidated(self, attributes: Json) -> Json:
        """As the output has it; class-id is a number here."""
        return {
            "label-category-attributes": attributes,
            "object-name": self.name,
            "class-id": VEHICLES.labels.index(self.label),
            "center-x": self.x,
            "center-y": self.y,
            "center-z": 0.9,
            "length": self.length,
            "width": 1.8,
            "height": 1.6,
            "roll": 0,
            "pitch": 0,
            "yaw": self.yaw,
        }

    def answered(self) -> Json:
        """As a worker's answer has it."""
        return {
            "objectName": self.name,
            "label": self.label,
            "centerX": self.x,
            "centerY": self.y,
            "centerZ": 0.9,
            "length": self.length,
            "width": 1.8,
            "height": 1.6,
            "roll": 0,
            "pitch": 0,
            "yaw": self.yaw,
        }


def _draw_street(rng: Random) -> list[Cuboid]:
    return [
        Cuboid(
            VEHICLES.draw(rng),
            number,
            round(rng.uniform(-40, 40), 2),
            round(4.0 * number, 2),
            round(rng.uniform(1.7, 5.2), 2),
            round(rng.uniform(-3.1, 3.1), 3),
        )
        for number in range(1, rng.randint(2, 5))
    ]


@dataclass(frozen=True)
class Seen:
    """What a worker drew, how far off, and what was done to an earlier job's cuboids."""

    cuboids: list[Cuboid]
    right: float = 0.0  # metres along x
    down: float = 0.0  # metres along y
    adjusted: Sequence[AdjustedLabel[Cuboid]] = ()


def _see(cuboids: Sequence[Cuboid], item: Item[Any], turn: Turn, rng: Random, *, is_displaced: bool) -> Seen:
    """The cuboids, some of a wrong class, all equally far off."""
    offset = turn.worker.draw_offset(OFFSET, rng) if is_displaced else (0.0, 0.0)
    right, down = (round(metres, 2) for metres in offset)
    seen = []
    for cuboid in cuboids:
        label = VEHICLES.name(cuboid.label, turn.worker, item.difficulty, turn.progress, rng)
        seen.append(_move(cuboid._replace(label=label), right, down))
    return Seen(seen, right, down)


def _move(cuboid: Cuboid, right: float, down: float) -> Cuboid:
    return cuboid._replace(x=round(cuboid.x + right, 2), y=round(cuboid.y + down, 2))


def _record(truth: Truth, place: AnswerPlace, seen: Seen) -> None:
    if truth.has(Fault.DISPLACEMENTS):
        where = (place.job_name, place.object_index, place.worker.worker_id)
        truth.add(Displacement(*where, "Cuboid", seen.right, seen.down))


def _class_map(cuboids: Sequence[Cuboid]) -> Json:
    used = sorted({VEHICLES.labels.index(cuboid.label) for cuboid in cuboids})
    return {str(index): VEHICLES.labels[index] for index in used}


def _config(**fields: Any) -> Json:
    attributes = [{"name": "Parked", "type": "string", "enum": ["Yes", "No"]}]
    labels = [{"label": label, "categoryAttributes": attributes} for label in VEHICLES.labels]
    return {"document-version": "2020-03-01", "labels": labels, "annotationType": "Cuboid", **fields}


class CuboidDetection(Task[list[Cuboid], Seen]):
    """Cuboids in single clouds: they are in the manifest itself. The first of two answers counts."""

    task_type = "point_cloud_object_detection"
    label_set = VEHICLES
    workers_per_object = 2
    typical_seconds = 120.0
    golden_share = 0.5

    def __init__(self, *, is_displaced: bool) -> None:
        self._is_displaced = is_displaced
        self.labeled: dict[str, list[Cuboid]] = {}
        """What was labeled, by source-ref: what a later job may adjust."""

    def label_categories(self) -> Json:
        """The label category config."""
        return _config()

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[list[Cuboid]]:
        """A cloud of a street."""
        street = [cuboid._replace(parked=rng.choice(("Yes", "No"))) for cuboid in _draw_street(rng)]
        return Item({"source-ref": f"{BUCKET}/lidar/frame-{number}.json"}, street, difficulty)

    def give(self, item: Item[list[Cuboid]], turn: Turn, rng: Random) -> Seen:
        """The cuboids, a little off, some of a wrong class."""
        return _see(item.truth, item, turn, rng, is_displaced=self._is_displaced)

    def record(self, truth: Truth, place: AnswerPlace, item: Item[list[Cuboid]], given: Seen, turn: Turn) -> None:
        """How far off everything is."""
        _record(truth, place, given)

    def content(self, item: Item[list[Cuboid]], given: Seen) -> Json:
        """The cuboid element's answer."""
        cuboids = [
            {**cuboid.answered(), "labelCategoryAttributes": {"Parked": cuboid.parked}} for cuboid in given.cuboids
        ]
        return {"boundingCuboids": {"boundingCuboids": cuboids}}

    def consolidate(self, item: Item[list[Cuboid]], answers: Sequence[Seen]) -> tuple[Any, Json]:
        """The cuboids of the first answer."""
        cuboids = answers[0].cuboids
        self.labeled[item.source["source-ref"]] = cuboids
        return self._label(cuboids)

    def golden(self, item: Item[list[Cuboid]], object_index: int) -> Json:
        """The correct cuboids as an augmented manifest, which names the object by its source-ref."""
        return golden_line(item.source, self.task_type, *self._label(item.truth))

    def _label(self, cuboids: Sequence[Cuboid]) -> tuple[Json, Json]:
        annotations = [cuboid.consolidated({"Parked": cuboid.parked}) for cuboid in cuboids]
        return {"annotations": annotations}, {
            "objects": [],
            "class-map": _class_map(cuboids),
            "dataset-object-attributes": {"Visibility": "Good" if len(cuboids) < 4 else "Poor"},
        }


class CuboidAdjustment(CuboidDetection):
    """The job that lets a worker change the cuboids of another. Developer guide: "Verify and adjust labels"."""

    workers_per_object = 1
    typical_seconds = 60.0
    golden_share = 0.0

    def __init__(
        self,
        lines: list[Json],
        earlier: CuboidDetection,
        audited_attribute: str,
        adjusted_job: str,
        *,
        has_changes: bool,
    ) -> None:
        super().__init__(is_displaced=False)
        self._lines, self._earlier, self._audited_attribute = lines, earlier, audited_attribute
        self._adjusted_job, self._has_changes = adjusted_job, has_changes

    def label_categories(self) -> Json:
        """The earlier job's config, which names its label attribute and lets workers edit everything."""
        config = _config(auditLabelAttributeName=self._audited_attribute)
        return {**config, "labels": [{**label, "editsAllowed": "any"} for label in config["labels"]]}

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[list[Cuboid]]:
        """The earlier job's line, and its cuboids."""
        line = self._lines[int(number)]
        return Item(line, self._earlier.labeled[line["source-ref"]], difficulty)

    def give(self, item: Item[list[Cuboid]], turn: Turn, rng: Random) -> Seen:
        """The cuboids, some of them changed, and some new ones; of the first cloud none is."""
        if item.source is self._lines[0] or not self._has_changes:
            adjusted = [AdjustedLabel(Change.KEPT, cuboid, cuboid) for cuboid in item.truth]
        else:
            adjusted = [
                adjust(cuboid, CHANGES, lambda cuboid, change: self._change(cuboid, change, rng), rng)
                for cuboid in item.truth
            ]
            if rng.random() < ADDED_SHARE:
                cuboid = Cuboid(VEHICLES.draw(rng), 9, round(rng.uniform(-40, 40), 2), 40.0, 4.2, 0.5)
                adjusted.append(AdjustedLabel(Change.ADDED, None, cuboid))
        return Seen([label.after for label in adjusted if label.after], adjusted=adjusted)

    def _change(self, cuboid: Cuboid, change: Change, rng: Random) -> Cuboid:
        if change == Change.RELABELED:
            return cuboid._replace(label=VEHICLES.other(cuboid.label, rng))
        if change == Change.ATTRIBUTE_CHANGED:
            return cuboid._replace(parked="No" if cuboid.parked == "Yes" else "Yes")
        metres = round(rng.uniform(0.3, 0.8), 2)
        if change == Change.MOVED:
            return _move(cuboid, metres, -metres)
        return cuboid._replace(length=round(cuboid.length + metres, 2))

    def record(self, truth: Truth, place: AnswerPlace, item: Item[list[Cuboid]], given: Seen, turn: Turn) -> None:
        """What became of each cuboid."""
        record_adjustments(truth, place, self._adjusted_job, None, given.adjusted)

    def consolidate(self, item: Item[list[Cuboid]], answers: Sequence[Seen]) -> tuple[Any, Json]:
        """The metadata says whether anything was changed."""
        value, extra = super().consolidate(item, answers)
        return value, {**extra, "adjustment-status": "adjusted" if is_adjusted(answers[0].adjusted) else "unadjusted"}


class CuboidAudit(Task[Json, list[str]]):
    """The job that checks the cuboids of another: no label may be changed, each gets an audit value."""

    task_type = "point_cloud_object_detection"
    label_set = VEHICLES
    workers_per_object = 1
    typical_seconds = 45.0

    def __init__(self, lines: list[Json], audited_attribute: str) -> None:
        self._lines, self._audited_attribute = lines, audited_attribute

    def label_categories(self) -> Json:
        """The earlier job's config, closed to edits, with the audit attribute."""
        config = _config(
            auditLabelAttributeName=self._audited_attribute,
            categoryGlobalAttributes=[{"name": "audit", "type": "string", "enum": ["ok", "wrong box", "wrong class"]}],
        )
        return {**config, "labels": [{**label, "editsAllowed": "none"} for label in config["labels"]]}

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[Json]:
        """The earlier job's line."""
        line = self._lines[int(number)]
        return Item(line, line[self._audited_attribute], difficulty)

    def give(self, item: Item[Json], turn: Turn, rng: Random) -> list[str]:
        """An audit value for each cuboid."""
        return [rng.choices(["ok", "wrong box", "wrong class"], [8, 1, 1])[0] for _ in item.truth["annotations"]]

    def content(self, item: Item[Json], given: list[str]) -> Json:
        """The cuboid element's answer."""
        cuboids = [
            {
                "objectName": cuboid["object-name"],
                "label": VEHICLES.labels[cuboid["class-id"]],
                "labelCategoryAttributes": {"audit": verdict},
                "centerX": cuboid["center-x"],
                "centerY": cuboid["center-y"],
                "centerZ": cuboid["center-z"],
                **{name: cuboid[name] for name in ("length", "width", "height", "roll", "pitch", "yaw")},
            }
            for cuboid, verdict in zip(item.truth["annotations"], given, strict=True)
        ]
        return {"boundingCuboids": {"boundingCuboids": cuboids}}

    def consolidate(self, item: Item[Json], answers: Sequence[list[str]]) -> tuple[Any, Json]:
        """The same cuboids with their audit values, in the form of an adjustment."""
        [given] = answers
        annotations = [
            {**cuboid, "label-category-attributes": {**cuboid["label-category-attributes"], "audit": verdict}}
            for cuboid, verdict in zip(item.truth["annotations"], given, strict=True)
        ]
        class_map = item.source[f"{self._audited_attribute}-metadata"]["class-map"]
        return {"annotations": annotations}, {
            "objects": [],
            "class-map": class_map,
            "adjustment-status": "unadjusted",
        }


@dataclass(frozen=True)
class Followed:
    """What a worker drew in each cloud, and how far off the street of the first one is."""

    clouds: list[list[Cuboid]]
    street: Seen


class CuboidTracking(Task[list[list[Cuboid]], Followed]):
    """Cuboids followed through a sequence of clouds; the answer points to a file for each. The first answer counts."""

    task_type = "point_cloud_object_tracking"
    label_set = VEHICLES
    typical_seconds = 400.0

    def __init__(self, workers_per_object: int, *, is_displaced: bool) -> None:
        self.workers_per_object = workers_per_object
        self._is_displaced = is_displaced

    def label_categories(self) -> Json:
        """The label category config, with an attribute of frames."""
        return _config(frameAttributes=[{"name": "Visibility", "type": "string", "enum": ["Good", "Poor"]}])

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[list[list[Cuboid]]]:
        """A street on which everything moves; the last cloud is empty."""
        street = _draw_street(rng)
        frames = [[cuboid._replace(x=round(cuboid.x + 1.5 * frame, 2)) for cuboid in street] for frame in range(FRAMES)]
        frames[-1] = []
        return Item({"source-ref": f"{BUCKET}/lidar/sequence-{number}.json"}, frames, difficulty)

    def give(self, item: Item[list[list[Cuboid]]], turn: Turn, rng: Random) -> Followed:
        """The cuboids, equally far off in all clouds; the class of a track is the same everywhere."""
        street = _see(item.truth[0], item, turn, rng, is_displaced=self._is_displaced)
        labels = {cuboid.number: cuboid.label for cuboid in street.cuboids}
        clouds = [
            [_move(cuboid._replace(label=labels[cuboid.number]), street.right, street.down) for cuboid in cuboids]
            for cuboids in item.truth
        ]
        return Followed(clouds, street)

    def record(
        self, truth: Truth, place: AnswerPlace, item: Item[list[list[Cuboid]]], given: Followed, turn: Turn
    ) -> None:
        """How far off everything is."""
        _record(truth, place, given.street)

    def content(self, item: Item[list[list[Cuboid]]], given: Followed) -> Json:
        """Without its files an answer has no content."""
        return {}

    def answer_content(
        self,
        folder: JobFolder,
        object_index: int,
        item: Item[list[list[Cuboid]]],
        given: Followed,
        rng: Random,
    ) -> Json:
        """The pointer to the clouds' files; each has a list of one frame."""
        files = {}
        for number, cuboids in enumerate(given.clouds):
            labels = [{**cuboid.answered(), "objectId": cuboid.track_id} for cuboid in cuboids]
            frame = {
                "frameName": _cloud_name(number),
                "boundingCuboids": labels,
                "frameAttributes": _visibility(cuboids),
            }
            files[_cloud_name(number)] = {"trackingAnnotations": [frame]}
        return {
            "trackingAnnotations": {"frameData": {"s3Prefix": folder.write_answer_frames(object_index, files, rng)}}
        }

    def consolidate(self, item: Item[list[list[Cuboid]]], answers: Sequence[Followed]) -> tuple[Any, Json]:
        """The clouds of the first answer; there is no confidence in any."""
        clouds = answers[0].clouds
        return clouds, {
            "class-map": _class_map([cuboid for cuboids in clouds for cuboid in cuboids]),
            "objects": [{"frame-no": number, "confidence": []} for number in range(len(clouds))],
        }

    def finish(self, folder: JobFolder, place: ResultPlace, value: Any, extra: Json) -> tuple[Any, Json]:
        """The labels are in SeqLabel.json."""
        data = msgspec.json.encode(self.sequence_labels(value))
        return folder.write_result(f"{place.object_index}/{SEQUENCE_FILE}", data), extra

    def sequence_labels(self, frames: list[list[Cuboid]]) -> Json:
        """SeqLabel.json: the number and the name of a frame have other names than in video."""
        return {
            "tracking-annotations": [
                {
                    "frame-number": number,
                    "frame-name": _cloud_name(number),
                    "frame-attributes": _visibility(cuboids),
                    "annotations": [_tracked(cuboid) for cuboid in cuboids],
                }
                for number, cuboids in enumerate(frames)
            ]
        }


class LinkedTracking(CuboidTracking):
    """Cuboids of clouds, and the boxes of the same things in a camera's pictures, linked by their tracks."""

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[list[list[Cuboid]]]:
        """Another sequence."""
        item = super().draw(number, difficulty, rng)
        item.source["source-ref"] = f"{BUCKET}/lidar/linked-{number}.json"
        return item

    def sequence_labels(self, frames: list[list[Cuboid]]) -> Json:
        """SeqLabel.json by sensor; the camera's frames have the names of the clouds."""
        camera = [
            {
                "frame-no": number,
                "frame": _cloud_name(number),
                "annotations": [
                    {
                        "label-category-attributes": {},
                        "object-name": cuboid.name,
                        "object-id": cuboid.track_id,
                        "class-id": VEHICLES.labels.index(cuboid.label),
                        "width": 60,
                        "height": 40,
                        "top": 300,
                        "left": 100 * cuboid.number + 8 * number,
                    }
                    for cuboid in cuboids
                ],
                "frame-attributes": {},
            }
            for number, cuboids in enumerate(frames)
        ]
        return {"lidar": super().sequence_labels(frames), "camera-0": {"tracking-annotations": camera}}


class PointClasses(Task[bytes, bytes]):
    """The class of every point of a cloud. The form of its answers is not known: the sample has none."""

    task_type = "point_cloud_single_frame_semantic_segmentation"
    label_set = LabelSet(weights={"Road": 3, "Building": 2, "Tree": 1}, lookalikes={})
    workers_per_object = 1
    typical_seconds = 300.0
    answers_in = "nowhere"

    def draw(self, number: str, difficulty: float, rng: Random) -> Item[bytes]:
        """A cloud, in which neighbouring points are mostly of one class."""
        points = bytearray()
        while len(points) < POINTS:
            points += bytes([self.label_set.labels.index(self.label_set.draw(rng))]) * rng.randint(20, 200)
        return Item({"source-ref": f"{BUCKET}/lidar/survey-{number}.pcd"}, bytes(points[:POINTS]), difficulty)

    def give(self, item: Item[bytes], turn: Turn, rng: Random) -> bytes:
        """The worker sees every point for what it is."""
        return item.truth

    def content(self, item: Item[bytes], given: bytes) -> Json:
        """Written nowhere."""
        return {}

    def consolidate(self, item: Item[bytes], answers: Sequence[bytes]) -> tuple[Any, Json]:
        """The one worker's classes, and their colours."""
        [given] = answers
        colors = {
            str(index): {"class-name": self.label_set.labels[index], "hex-color": COLORS[index], "confidence": 1}
            for index in sorted(set(given))
        }
        return given, {"color-map": colors}

    def finish(self, folder: JobFolder, place: ResultPlace, value: Any, extra: Json) -> tuple[Any, Json]:
        """The classes are a file: zlib over one byte a point."""
        return folder.write_result(f"{place.object_index}/classes.zlib", zlib.compress(value)), extra


def _tracked(cuboid: Cuboid) -> Json:
    return {**cuboid.consolidated({}), "object-id": cuboid.track_id}


def _cloud_name(number: int) -> str:
    return f"{number}.txt.pcd"


def _visibility(cuboids: list[Cuboid]) -> Json:
    return {"Visibility": "Good" if cuboids else "Poor"}
