"""One small job of every form that the large jobs do not show: other task types, workforces, and ways to leave answers.

Each is done in a day by people of its own, who do one of them a day.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

from ingest.sample.boxes import BoxAdjustment
from ingest.sample.classification import (
    ClipClassification,
    GateClassification,
    ShipClassification,
    SignClassification,
)
from ingest.sample.footage import (
    BOX,
    KEYPOINT,
    POLYGON,
    POLYLINE,
    FootageAdjustment,
    FootageDetection,
    FootageTracking,
)
from ingest.sample.forms import BulkReview, InvoiceForm, UnconsolidatedForm
from ingest.sample.masks import PlantMaskAdjustment, PlantMasks
from ingest.sample.objects import Task, label_objects
from ingest.sample.output import JobFolder, labeled_lines
from ingest.sample.point_clouds import CuboidAudit, CuboidDetection, CuboidTracking, LinkedTracking, PointClasses
from ingest.sample.tags import LandscapeTags, MessageTags
from ingest.sample.team import (
    PUBLIC_TEAM,
    SPECIALISTS,
    VENDORS,
    Crew,
    Worker,
    day_shifts,
    make_public,
    make_staff,
    make_vendor,
    to_milliseconds,
)
from ingest.sample.verification import LabelVerification

OBJECTS = 24  # of a job on single data objects, at most
SEQUENCES = 2
CLOUDS = 6
DAY = 86_400_000  # milliseconds


class SmallJobs:
    """Writes the jobs, one after the other."""

    def __init__(self, dest: Path, objects: int, first_day: date, seed: int) -> None:
        self.folders: list[JobFolder] = []
        self._dest, self._day, self._seed = dest, first_day, seed
        self._objects = min(objects, OBJECTS)
        self._staff = make_staff(seed)

    def write(self, boxes_manifest: Path) -> list[JobFolder]:
        """Every job; some begin with the boxes of a large one.

        Args:
            boxes_manifest: output manifest of a bounding-box job with the label attribute ``boxes``.
        """
        objects = self._objects
        self._label("Landscape-Tags", "tags", LandscapeTags(), objects)
        self._label("Message-Tags", "tags", MessageTags(), objects, VENDORS, make_vendor(self._seed))
        self._label("Street-Clips", "traffic", ClipClassification(), objects)
        self._label("Street-Signs", "sign", SignClassification(), objects)
        self._label("Gate-Stream", "vehicle", GateClassification(), objects)
        self._label("Harbor-Ships", "ship", ShipClassification(), objects, PUBLIC_TEAM, make_public(self._seed))

        boxes = labeled_lines(boxes_manifest, "boxes", objects)
        self._label("Warehouse-Boxes-Adjusted", "adjusted-boxes", BoxAdjustment(boxes, "boxes"), len(boxes))
        self._label("Warehouse-Boxes-Check", "check", LabelVerification(boxes), len(boxes))
        masks = PlantMasks()
        folder = self._label("Plant-Masks", "plants-ref", masks, objects)
        lines = labeled_lines(folder.manifest, "plants-ref", objects)
        self._label("Plant-Masks-Adjusted", "adjusted-plants-ref", PlantMaskAdjustment(lines, masks), len(lines))

        for name, shape in (("Boxes", BOX), ("Polygons", POLYGON), ("Polylines", POLYLINE), ("Keypoints", KEYPOINT)):
            self._label(f"Crossing-{name}", f"Crossing-{name}-ref", FootageDetection(shape), SEQUENCES)
        tracks = FootageTracking(POLYGON)
        folder = self._label("Crossing-Tracks", "tracks-ref", tracks, SEQUENCES)
        lines = labeled_lines(folder.manifest, "tracks-ref", SEQUENCES)
        adjustment = FootageAdjustment(lines, tracks, "tracks-ref")
        self._label("Crossing-Tracks-Adjusted", "adjusted-tracks-ref", adjustment, SEQUENCES)

        folder = self._label("Lidar-Cuboids", "cuboids", CuboidDetection(), CLOUDS)
        lines = labeled_lines(folder.manifest, "cuboids", CLOUDS)
        self._label("Lidar-Cuboids-Audit", "audited-cuboids", CuboidAudit(lines, "cuboids"), CLOUDS)
        self._label("Lidar-Tracks", "lidar-tracks-ref", CuboidTracking(), SEQUENCES)
        self._label("Lidar-Camera-Tracks", "linked-tracks-ref", LinkedTracking(), SEQUENCES)
        self._label("Lidar-Points", "points-ref", PointClasses(), CLOUDS)

        self._label("Invoice-Form", "invoice", InvoiceForm(), objects)
        self._label("Fax-Form", "fax", UnconsolidatedForm(), objects)
        review = BulkReview(Random(f"{self._seed}/birds"))
        self._label("Bird-Review", "review", review, len(review.batches))
        return self.folders

    def _label(
        self,
        name: str,
        attribute: str,
        task: Task[Any, Any],
        objects: int,
        workteam_arn: str = SPECIALISTS,
        people: list[Worker] | None = None,
    ) -> JobFolder:
        rng = Random(f"{self._seed}/{name}")
        shifts = day_shifts(people or self._staff, self._day)
        begin = to_milliseconds(datetime.combine(self._day, time()))
        crew = Crew(shifts, (begin, begin + DAY), task.typical_seconds, max(objects * task.workers_per_object, 1), rng)
        self._day += timedelta(days=1)
        with JobFolder(self._dest, name, attribute, rng, workteam_arn) as folder:
            label_objects(task, folder, crew, objects, rng, has_broken_file=False)
        self.folders.append(folder)
        return folder
