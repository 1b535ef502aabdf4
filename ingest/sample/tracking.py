"""The video job and the job that audits it: vehicles followed over the frames of a sequence.

Forms: developer guide, "Output data" (video frame object tracking output), "Labeling category configuration file"
and "Verify and adjust labels". One worker labels a sequence; the answer only points to per-frame files, which are
not part of the sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import sqrt
from random import Random

import msgspec

from ingest.sample.consolidation import Box, box_overlap
from ingest.sample.output import BUCKET, SEQUENCE_FILE, JobFolder, Json, answer
from ingest.sample.team import Crew, LabelSet, Turn, Worker, from_milliseconds, make_uuid
from ingest.sample.truth import Fault, Rule, Slip, Truth

MAXIMUM_SEQUENCES = 10  # of a manifest, in Ground Truth
MAXIMUM_FRAMES = 2000  # of a sequence
WIDTH, HEIGHT = 1280, 720

VEHICLES = LabelSet(
    weights={"Car": 6, "Truck": 2, "Bus": 1, "Motorcycle": 1},
    lookalikes={"Truck": "Bus", "Bus": "Truck", "Car": "Truck"},
)
VEHICLE_TYPES = {
    "Car": ("Sedan", "SUV", "Hatchback"),
    "Truck": ("Pickup", "Box Truck", "Tanker"),
    "Bus": ("City Bus", "Coach"),
    "Motorcycle": ("Motorcycle", "Scooter"),
}
VEHICLE_SIZES = {"Car": (110, 70), "Truck": (190, 120), "Bus": (230, 130), "Motorcycle": (60, 50)}
FRAME_QUALITIES = {"Good": 6, "Blurry": 1.5, "Dark": 1}
WEATHERS = {"Clear": 4, "Rain": 2, "Fog": 1}
# Workers put the box right in every so many frames; in between it is interpolated.
KEYFRAME_DISTANCE = 20
AUDIT_VALUES = ["ok", "wrong box", "wrong class", "missed"]
# Auditors call a box wrong that has less than this in common with the right one (Jaccard index).
TIGHT_ENOUGH = 0.75
# How much more often than elsewhere the class of a vehicle, small and in motion, is mistaken.
DIFFICULTY = 1.5

# An attribute that every label must have, and the share of labels that do not.
REQUIRED, MISSING_SHARE = "Vehicle_Type", 0.01

TASK_TYPE = "video-object-tracking"
ELEMENT = "trackingAnnotations"
SECONDS_PER_FRAME = 14.0  # to track
AUDIT_SECONDS_PER_FRAME = 5.0


@dataclass(frozen=True)
class Track:
    """A vehicle on its way through a sequence: the truth."""

    label: str
    vehicle_type: str
    first: int  # frame
    last: int  # frame
    left: float
    top: float
    width: float
    height: float
    speed: float  # pixels a frame, 0 for a parked vehicle

    def box(self, frame_no: int) -> Box:
        """Where the vehicle is in that frame."""
        return Box(self.label, self.left + self.speed * (frame_no - self.first), self.top, self.width, self.height)


@dataclass
class Sequence:
    """A sequence of frames: the truth, and what the tracking job made of it."""

    source: Json
    frame_count: int
    tracks: list[Track]
    weather: str
    qualities: list[str]  # of each frame
    frames: list[Json] = field(default_factory=list)  # as the tracking job lists them in SeqLabel.json
    verdicts: dict[tuple[str, str], str] = field(default_factory=dict)  # (frame-no, object-id) -> right audit value
    labels: Json = field(default_factory=dict)  # what the tracking job adds to the manifest line


def plan_sequences(objects: int, rng: Random, vehicles: LabelSet = VEHICLES) -> list[Sequence]:
    """The sequences of a set with so many objects in each other job: they grow with its square root."""
    scale = sqrt(objects / 200)
    count = min(max(round(4 * scale), 2), MAXIMUM_SEQUENCES)
    return [
        _plan_sequence(number, min(max(round(60 * scale * rng.uniform(0.6, 1.6)), 24), MAXIMUM_FRAMES), vehicles, rng)
        for number in range(count)
    ]


def frame_count(sequences: list[Sequence]) -> int:
    """Frames of all the sequences."""
    return sum(sequence.frame_count for sequence in sequences)


def _plan_sequence(number: int, frames: int, vehicles: LabelSet, rng: Random) -> Sequence:
    tracks = []
    for _ in range(max(4, frames // 7)):
        label = vehicles.draw(rng)
        width, height = (side * rng.uniform(0.7, 1.4) for side in VEHICLE_SIZES[label])
        # The first and the last frames of a sequence are empty: vehicles come and go in between.
        first = rng.randint(frames // 12, frames * 2 // 3)
        last = min(first + rng.randint(8, 60), frames - 1 - frames // 12)
        room = WIDTH - width
        is_parked = rng.random() < 0.25
        left = rng.uniform(0, room if is_parked else room / 4)
        speed = 0.0 if is_parked else (room - left) / max(last - first, 1) * rng.uniform(0.4, 1.0)
        top = rng.uniform(HEIGHT / 4, HEIGHT - height)
        vehicle_type = rng.choice(VEHICLE_TYPES[label])
        tracks.append(Track(label, vehicle_type, first, last, left, top, width, height, speed))
    qualities: list[str] = []
    while len(qualities) < frames:  # the quality holds for a stretch of frames
        qualities += [_draw(FRAME_QUALITIES, rng)] * rng.randint(6, 30)
    source = {"source-ref": f"{BUCKET}/traffic/camera-{rng.randint(1, 6)}/sequence-{number}.json"}
    return Sequence(source, frames, tracks, _draw(WEATHERS, rng), qualities[:frames])


def _draw(weights: Mapping[str, float], rng: Random) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def write_tracking(folder: JobFolder, crew: Crew, sequences: list[Sequence], rng: Random, truth: Truth) -> None:
    """The tracking job. What it made of each sequence is kept with the sequence, for the audit."""
    planting = Random(rng.getrandbits(64))
    folder.write_label_categories(_tracking_config())
    mean_frames = frame_count(sequences) / len(sequences)
    for object_index, sequence in enumerate(sequences):
        [turn] = crew.next_turns(1)
        _track(sequence, turn, rng)
        if truth.has(Fault.SLIPS):
            _leave_out_attributes(sequence.frames, planting)
        _record_missing(folder.name, object_index, sequence.frames, truth)
        if object_index == 1:
            _put_out_of_order(sequence.frames, rng)
        sequence.labels = _write_sequence(
            folder, crew, turn, object_index, sequence.frames, sequence.frame_count / mean_frames, rng
        )
        folder.add_line(object_index, sequence.source, sequence.labels)


def write_audit(
    folder: JobFolder, crew: Crew, sequences: list[Sequence], audited: JobFolder, rng: Random, truth: Truth
) -> None:
    """The job that audits the tracking job: labels may not be changed, each gets an audit value.

    Its input is the tracking job's output, so its manifest lines carry the labels of both.
    """
    folder.write_label_categories(_audit_config(audited.label_attribute))
    mean_frames = frame_count(sequences) / len(sequences)
    for object_index, sequence in enumerate(sequences):
        [turn] = crew.next_turns(1)
        frames = list(_audit(sequence, turn.worker, rng))
        _record_missing(folder.name, object_index, frames, truth)
        labels = _write_sequence(folder, crew, turn, object_index, frames, sequence.frame_count / mean_frames, rng)
        folder.add_line(object_index, {**sequence.source, **sequence.labels}, labels)


def _write_sequence(
    folder: JobFolder, crew: Crew, turn: Turn, object_index: int, frames: list[Json], effort: float, rng: Random
) -> Json:
    """Writes a sequence's answer and labels; returns what they add to the manifest line."""
    timing = crew.finish(turn, effort)
    prefix = f"{folder.uri}/annotations/worker-response/iteration-1/{object_index}/{rng.getrandbits(160):040x}/"
    stamped_at = timing.submitted_at + rng.randint(9_000, 166_000)
    content = {ELEMENT: {"frameData": {"s3Prefix": prefix}}}
    folder.write_answers(1, object_index, stamped_at, [answer(turn.worker, timing, content)])
    class_ids = sorted({label["class-id"] for frame in frames for label in frame["annotations"]})
    class_map = {class_id: VEHICLES.labels[int(class_id)] for class_id in class_ids}
    return {
        folder.label_attribute: folder.write_result(
            f"{object_index}/{SEQUENCE_FILE}", msgspec.json.encode({"tracking-annotations": frames})
        ),
        f"{folder.label_attribute}-metadata": folder.metadata(
            TASK_TYPE, from_milliseconds(stamped_at + rng.randint(20_000, 90_000)), {"class-map": class_map}
        ),
    }


def _track(sequence: Sequence, turn: Turn, rng: Random) -> None:
    """Fills in the frames as the worker labels them, and what an audit ought to say of every label."""
    worker = turn.worker
    annotations: list[list[Json]] = [[] for _ in range(sequence.frame_count)]
    names: dict[str, int] = {}
    for track in sequence.tracks:
        label = VEHICLES.name(track.label, worker, DIFFICULTY, turn.progress, rng)
        names[label] = names.get(label, 0) + 1
        object_id = make_uuid(rng)
        carelessness = 1 - worker.accuracy(track.label, turn.progress)
        # A careless worker comes upon a vehicle late, and lets the box slide off it while it is interpolated.
        late = rng.randint(1, 6) if rng.random() < 0.1 + 2 * carelessness else 0
        slide = rng.gauss(0, 0.03 + 0.5 * carelessness) * track.width
        scale = worker.habits.box_scale * rng.gauss(1, 0.02)
        is_kind_right = label == track.label and rng.random() > carelessness
        vehicle_type = track.vehicle_type if is_kind_right else rng.choice(VEHICLE_TYPES[label])
        first = min(track.first + late, track.last)
        for frame_no in range(first, track.last + 1):
            right = track.box(frame_no)
            way = (frame_no - first) % KEYFRAME_DISTANCE / KEYFRAME_DISTANCE
            box = _draw_box(label, right, slide * way, scale)
            annotations[frame_no].append(
                {
                    "height": box.height,
                    "width": box.width,
                    "top": box.top,
                    "left": box.left,
                    "class-id": str(VEHICLES.labels.index(label)),
                    "label-category-attributes": {
                        REQUIRED: vehicle_type,
                        "Moving": "Yes" if track.speed else "No",
                    },
                    "object-id": object_id,
                    "object-name": f"{label}:{names[label]}",
                }
            )
            is_late = late > 0 and frame_no == first
            sequence.verdicts[str(frame_no), object_id] = _judge(box, right, is_late=is_late)
    for frame_no, labels in enumerate(annotations):
        # Ground Truth lists some frames without labels and leaves others out.
        if labels or rng.random() < 0.6:
            attributes = {"Frame_Quality": sequence.qualities[frame_no], "Weather": sequence.weather}
            sequence.frames.append(_frame(frame_no, labels, attributes))


def _leave_out_attributes(frames: list[Json], planting: Random) -> None:
    for frame in frames:
        for label in frame["annotations"]:
            if planting.random() < MISSING_SHARE:
                del label["label-category-attributes"][REQUIRED]


def _record_missing(job_name: str, object_index: int, frames: list[Json], truth: Truth) -> None:
    for frame in frames:
        for place, label in enumerate(frame["annotations"]):
            if REQUIRED not in label["label-category-attributes"]:
                truth.add(Slip(job_name, object_index, int(frame["frame-no"]), place, Rule.MISSING_ATTRIBUTE))


def _draw_box(label: str, right: Box, slide: float, scale: float) -> Box:
    """The right box as drawn: of another size, and away from its place, but within the frame."""
    width, height = max(round(right.width * scale), 1), max(round(right.height * scale), 1)
    left = round(right.left - (width - right.width) / 2 + slide)
    top = round(right.top - (height - right.height) / 2)
    return Box(label, min(max(left, 0), WIDTH - width), min(max(top, 0), HEIGHT - height), width, height)


def _judge(box: Box, right: Box, *, is_late: bool) -> str:
    """The correct audit value of a label; `missed` means that the vehicle has no label in the frames before."""
    if box.label != right.label:
        return "wrong class"
    if is_late:
        return "missed"
    return "ok" if box_overlap(box, right) >= TIGHT_ENOUGH else "wrong box"


def _frame(frame_no: int, annotations: list[Json], attributes: Json) -> Json:
    """A frame of SeqLabel.json: frame-no is text there."""
    return {
        "annotations": annotations,
        "frame-no": str(frame_no),
        "frame": f"frame_{frame_no:04}.jpeg",
        "frame-attributes": attributes,
    }


def _put_out_of_order(frames: list[Json], rng: Random) -> None:
    """Moves a stretch of the frames to the end, as long sequences have it."""
    begin = rng.randint(len(frames) // 4, len(frames) // 2)
    end = begin + len(frames) // 4
    frames[:] = frames[:begin] + frames[end:] + frames[begin:end]


def _audit(sequence: Sequence, auditor: Worker, rng: Random) -> Iterator[Json]:
    """The frames in order, with an audit value on each label and the auditor's own word on the frame."""
    for frame in sorted(sequence.frames, key=lambda frame: int(frame["frame-no"])):
        audited = []
        for label in frame["annotations"]:
            verdict = sequence.verdicts[frame["frame-no"], label["object-id"]]
            if rng.random() < 0.5 * (1 - auditor.habits.skill):
                verdict = "ok" if verdict != "ok" else rng.choice(AUDIT_VALUES[1:3])
            attributes = {**label["label-category-attributes"], "audit": verdict}
            audited.append({**label, "label-category-attributes": attributes})
        quality = sequence.qualities[int(frame["frame-no"])]
        if rng.random() < 0.03:
            quality = _draw(FRAME_QUALITIES, rng)
        yield _frame(int(frame["frame-no"]), audited, {"Frame_Quality": quality, "Weather": sequence.weather})


def _choice(name: str, description: str, values: list[str], edits_allowed: str = "any") -> Json:
    """Attribute of a label category config with the given values."""
    return {
        "name": name,
        "description": description,
        "type": "string",
        "enum": values,
        "isRequired": True,
        "editsAllowed": edits_allowed,
    }


def _tracking_config(edits_allowed: str = "any") -> Json:
    """Label category config of the tracking job."""
    return {
        "document-version": "2020-03-01",
        "frameAttributes": [
            _choice("Frame_Quality", "Can the vehicles be seen well?", list(FRAME_QUALITIES)),
            _choice("Weather", "The weather in the frame", list(WEATHERS), edits_allowed),
        ],
        "categoryGlobalAttributes": [_choice("Moving", "Does the vehicle move?", ["Yes", "No"], edits_allowed)],
        "labels": [
            {
                "label": label,
                "categoryAttributes": [
                    _choice(REQUIRED, f"What kind of {label}?", list(VEHICLE_TYPES[label]), edits_allowed)
                ],
                "editsAllowed": edits_allowed,
            }
            for label in VEHICLES.labels
        ],
        "annotationType": "BoundingBox",
        "instructions": {"shortInstruction": "Follow every vehicle.", "fullInstruction": ""},
    }


def _audit_config(audited_attribute: str) -> Json:
    """Label category config of the audit job: the tracking job's, closed to edits, with the audit attribute."""
    config = _tracking_config(edits_allowed="none")
    config["categoryGlobalAttributes"].append(_choice("audit", "Is the label right?", AUDIT_VALUES))
    config["instructions"] = {"shortInstruction": "Check every label.", "fullInstruction": ""}
    return {**config, "auditLabelAttributeName": audited_attribute}
