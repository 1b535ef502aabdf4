"""Adjustments: what a worker does to the labels of an earlier job, one thing to each label at most."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Generic, Protocol, TypeVar

from ingest.sample.objects import AnswerPlace
from ingest.sample.truth import Adjustment, Change, Truth


class Labeled(Protocol):
    """Anything that has a class."""

    @property
    def label(self) -> str:
        """Its class."""


Shape = TypeVar("Shape", bound=Labeled)


@dataclass(frozen=True)
class AdjustedLabel(Generic[Shape]):
    """A label before and after: None where there is none."""

    change: Change
    before: Shape | None
    after: Shape | None


def adjust(
    shape: Shape, changes: Mapping[Change, float], make: Callable[[Shape, Change], Shape | None], rng: Random
) -> AdjustedLabel[Shape]:
    """One of the changes, drawn by its weight; a shape that cannot be changed in that way is kept.

    Args:
        shape: label before.
        changes: weights; of what is not removed or kept, `make` gives the label after, or None if that is not possible.
        make: see there.
        rng: random numbers.
    """
    change = rng.choices(list(changes), list(changes.values()))[0]
    if change == Change.REMOVED:
        return AdjustedLabel(change, shape, None)
    after = shape if change == Change.KEPT else make(shape, change)
    return AdjustedLabel(Change.KEPT, shape, shape) if after is None else AdjustedLabel(change, shape, after)


def is_adjusted(labels: Sequence[AdjustedLabel[Shape]]) -> bool:
    """Whether anything was changed."""
    return any(label.change != Change.KEPT for label in labels)


def record_adjustments(
    truth: Truth,
    place: AnswerPlace,
    adjusted_job: str,
    frame_index: int | None,
    labels: Sequence[AdjustedLabel[Shape]],
) -> None:
    """Adds what became of the labels of an object, or of a frame of it, to the truth."""
    for label in labels:
        shape = label.before or label.after
        assert shape
        truth.add(Adjustment(place.job_name, adjusted_job, place.object_index, frame_index, shape.label, label.change))
