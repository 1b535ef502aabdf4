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
    ReefClassification,
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
    PathTracking,
)
from ingest.sample.forms import BulkReview, InvoiceForm, UnconsolidatedForm
from ingest.sample.masks import PlantMaskAdjustment, PlantMasks
from ingest.sample.objects import Task, label_objects
from ingest.sample.output import JobFolder, labeled_lines
from ingest.sample.point_clouds import (
    CuboidAdjustment,
    CuboidAudit,
    CuboidDetection,
    CuboidTracking,
    LinkedTracking,
    PointClasses,
)
from ingest.sample.tags import LandscapeTags, MessageTags
from ingest.sample.team import (
    PUBLIC_TEAM,
    SPECIALISTS,
    VENDORS,
    Crew,
    Worker,
    day_shifts,
    even,
    make_panel,
    make_public,
    make_staff,
    make_vendor,
    to_milliseconds,
)
from ingest.sample.truth import Fault, Truth

OBJECTS = 24  # of a job on single data objects, at most
# Jobs with something to be found out grow with the large ones, up to these.
SIGNS = 250
ANIMALS = 250
ITEMS_OF_WEIGHT = 120  # of the bulk review, for each unit of a class's weight
SEQUENCES = 2
CLOUDS = 6
DAY = 86_400_000  # milliseconds


class SmallJobs:
    """Writes the jobs, one after the other."""

    def __init__(self, dest: Path, objects: int, first_day: date, seed: int, truth: Truth) -> None:
        self.folders: list[JobFolder] = []
        self._dest, self._day, self._seed, self._truth = dest, first_day, seed, truth
        self._objects = min(objects, OBJECTS)
        self._signs = max(self._objects, min(objects // 8, SIGNS))
        self._animals = max(self._objects, min(objects // 4, ANIMALS))
        self._items_of_weight = max(12, min(objects // 16, ITEMS_OF_WEIGHT))

    def write(self, boxes_folder: JobFolder) -> list[JobFolder]:
        """Every job; some begin with the boxes of a large one.

        Args:
            boxes_folder: of a bounding-box job with the label attribute ``boxes``.
        """
        objects, truth = self._objects, self._truth
        is_calibrated = not truth.has(Fault.MISCALIBRATION)
        has_changes = truth.has(Fault.ADJUSTMENTS)
        is_displaced = truth.has(Fault.DISPLACEMENTS)
        self._label("Landscape-Tags", "tags", LandscapeTags(), objects)
        self._label("Message-Tags", "tags", MessageTags(), objects, VENDORS, make_vendor(self._seed))
        self._label("Street-Clips", "traffic", ClipClassification(), objects)
        self._label("Street-Signs", "sign", SignClassification(is_calibrated=is_calibrated), self._signs)
        self._label("Gate-Stream", "vehicle", GateClassification(), objects)
        self._label("Harbor-Ships", "ship", ShipClassification(), objects, PUBLIC_TEAM, make_public(self._seed))

        reef = ReefClassification(is_ambiguous=truth.has(Fault.AMBIGUITY))
        self._label("Reef-Animals", "animal", reef, self._animals, people=make_panel(self._seed))

        boxes = labeled_lines(boxes_folder.manifest, "boxes", objects)
        box_adjustment = BoxAdjustment(boxes, "boxes", boxes_folder.name, has_changes=has_changes)
        self._label("Warehouse-Boxes-Adjusted", "adjusted-boxes", box_adjustment, len(boxes))
        masks = PlantMasks(is_displaced=is_displaced)
        folder = self._label("Plant-Masks", "plants-ref", masks, objects)
        lines = labeled_lines(folder.manifest, "plants-ref", objects)
        mask_adjustment = PlantMaskAdjustment(lines, masks, folder.name, has_changes=has_changes)
        self._label("Plant-Masks-Adjusted", "adjusted-plants-ref", mask_adjustment, len(lines))

        for name, shape in (("Boxes", BOX), ("Polygons", POLYGON), ("Polylines", POLYLINE), ("Keypoints", KEYPOINT)):
            detection = FootageDetection(shape, 2, is_displaced=is_displaced)
            self._label(f"Crossing-{name}", f"Crossing-{name}-ref", detection, SEQUENCES)
        self._label("Crossing-Paths", "paths-ref", PathTracking(BOX, 2, is_displaced=is_displaced), SEQUENCES)
        tracks = FootageTracking(POLYGON, 1, is_displaced=is_displaced)
        folder = self._label("Crossing-Tracks", "tracks-ref", tracks, SEQUENCES)
        lines = labeled_lines(folder.manifest, "tracks-ref", SEQUENCES)
        track_adjustment = FootageAdjustment(lines, tracks, "tracks-ref", folder.name, has_changes=has_changes)
        self._label("Crossing-Tracks-Adjusted", "adjusted-tracks-ref", track_adjustment, SEQUENCES)

        cuboids = CuboidDetection(is_displaced=is_displaced)
        folder = self._label("Lidar-Cuboids", "cuboids", cuboids, CLOUDS)
        lines = labeled_lines(folder.manifest, "cuboids", CLOUDS)
        self._label("Lidar-Cuboids-Audit", "audited-cuboids", CuboidAudit(lines, "cuboids"), CLOUDS)
        cuboid_adjustment = CuboidAdjustment(lines, cuboids, "cuboids", folder.name, has_changes=has_changes)
        self._label("Lidar-Cuboids-Adjusted", "adjusted-cuboids", cuboid_adjustment, CLOUDS)
        self._label("Lidar-Tracks", "lidar-tracks-ref", CuboidTracking(2, is_displaced=is_displaced), SEQUENCES)
        linked = LinkedTracking(1, is_displaced=is_displaced)
        self._label("Lidar-Camera-Tracks", "linked-tracks-ref", linked, SEQUENCES)
        self._label("Lidar-Points", "points-ref", PointClasses(), CLOUDS)

        self._label("Invoice-Form", "invoice", InvoiceForm(), objects)
        self._label("Fax-Form", "fax", UnconsolidatedForm(), objects)
        rng = Random(f"{self._seed}/birds")
        review = BulkReview(self._items_of_weight, rng, is_calibrated=is_calibrated)
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
        people = people or make_staff(self._seed)
        if not self._truth.has(Fault.SKILLS):
            people = [even(worker) for worker in people]
        shifts = day_shifts(people, self._day)
        begin = to_milliseconds(datetime.combine(self._day, time()))
        crew = Crew(shifts, (begin, begin + DAY), task.typical_seconds, max(objects * task.workers_per_object, 1), rng)
        self._day += timedelta(days=1)
        with JobFolder(self._dest, name, attribute, rng, workteam_arn) as folder:
            label_objects(task, folder, crew, objects, rng, self._truth, has_broken_file=False)
        self.folders.append(folder)
        return folder
