"""Makes one label of several workers' answers, in the manner of Ground Truth's annotation consolidation.

The developer guide ("Annotation consolidation") describes the method, not the formulas: classes by a vote that yields a
confidence, boxes by matching on Jaccard index and averaging, named entities by clustering on Jaccard index with the
most frequent bounds and label. Only answers go in, never the right label: so agreement with the consolidated label
and agreement with golden answers differ, as they do in life.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import NamedTuple, TypeVar

# The assumed share of right votes if nothing is known of the voter, and the highest confidence of a vote.
TRUST = 0.7
MAX_CONFIDENCE = 0.95
# Two boxes or spans are taken for the same thing from this Jaccard index on.
SAME_THING = 0.5

Shape = TypeVar("Shape")


class Box(NamedTuple):
    """Labeled box, in pixels."""

    label: str
    left: float
    top: float
    width: float
    height: float


class Span(NamedTuple):
    """Labeled span of characters; `end` is the character after its last."""

    label: str
    start: int
    end: int


def majority(votes: Sequence[str]) -> str:
    """The most frequent vote; of several, the one that was given first."""
    return Counter(votes).most_common(1)[0][0]


def vote_confidence(votes: Sequence[str], class_count: int) -> float:
    """How likely the majority is right, if every vote is right with the chance TRUST and else any other class.

    0 for a single vote of a single worker is not decided here: it depends on how many workers were asked.
    """
    odds = TRUST * (class_count - 1) / (1 - TRUST)
    counts = Counter(votes)
    weights = [odds**count for count in counts.values()] + [1.0] * (class_count - len(counts))
    return round(min(max(weights) / sum(weights), MAX_CONFIDENCE), 2)


def box_overlap(one: Box, other: Box) -> float:
    """Jaccard index of two boxes, whatever their labels."""
    width = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    height = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one.width * one.height + other.width * other.height - shared)


def span_overlap(one: Span, other: Span) -> float:
    """Jaccard index of two spans, whatever their labels."""
    shared = min(one.end, other.end) - max(one.start, other.start)
    return max(shared, 0) / (one.end - one.start + other.end - other.start - shared)


def cluster(answers: Sequence[Sequence[Shape]], overlap: Callable[[Shape, Shape], float]) -> list[list[Shape]]:
    """What several workers marked, grouped by thing; groups that only a minority of the workers marked are left out.

    Every shape joins the group whose first shape it overlaps most, if by SAME_THING at least and if its own
    worker has none there yet; else it begins a group.
    """
    groups: list[list[Shape]] = []
    for shapes in answers:
        not_mine = list(groups)
        for shape in shapes:
            overlaps = [overlap(group[0], shape) for group in not_mine]
            best = max(overlaps, default=0.0)
            if best >= SAME_THING:
                not_mine.pop(overlaps.index(best)).append(shape)
            else:
                groups.append([shape])
    return [group for group in groups if 2 * len(group) > len(answers)]


def consolidate_boxes(answers: Sequence[Sequence[Box]]) -> list[tuple[Box, float]]:
    """The averaged box of each thing that most workers drew, with its confidence."""
    consolidated = []
    for group in cluster(answers, box_overlap):
        box = Box(
            majority([member.label for member in group]),
            fmean(member.left for member in group),
            fmean(member.top for member in group),
            fmean(member.width for member in group),
            fmean(member.height for member in group),
        )
        fit = fmean(box_overlap(box, member) for member in group)
        consolidated.append((box, round(MAX_CONFIDENCE * fit * len(group) / len(answers), 2)))
    return consolidated


def consolidate_spans(answers: Sequence[Sequence[Span]]) -> list[tuple[Span, float]]:
    """The span that most workers marked, with its most frequent bounds and its confidence, in the order of the text."""
    consolidated = []
    for group in cluster(answers, span_overlap):
        labels = [member.label for member in group]
        (start, end), _ = Counter((member.start, member.end) for member in group).most_common(1)[0]
        label = majority(labels)
        consolidated.append((Span(label, start, end), round(MAX_CONFIDENCE * labels.count(label) / len(answers), 2)))
    return sorted(consolidated, key=lambda entry: entry[0].start)
