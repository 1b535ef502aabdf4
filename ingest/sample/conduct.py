"""What some workers of a job do that they ought not to: it is planted, and put down in the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from ingest.sample.team import Crew, Timing, Turn, Worker, from_milliseconds
from ingest.sample.truth import ClockJump, Copying, FastAnswer, Fault, OverlappingTask, Truth, Worsening

# Of a speeder's answers, those that take a fraction of the usual time; they are right about as often as a guess.
FAST_SHARE = 1 / 3
HASTE = (0.1, 0.2)
GUESS = 0.25
# Of the objects that two who copy have in common.
COPIED_SHARE = 0.7
# When a worker gets worse, as a part of the job's weeks, and the skill that is left.
WORSE_FROM = 0.4
WORSE_SKILL = 0.4
# When a worker's clock jumps.
JUMP_AT = 0.2
# Of the tasks that follow another within seconds, those that were opened before the other was done.
OVERLAPPING_SHARE = 0.5
SOON = 30_000  # milliseconds


class Jump(NamedTuple):
    """Whose clock jumps, and by how much what it stamps is off from then on."""

    number: int
    accepted_off: timedelta
    submitted_off: timedelta


@dataclass(frozen=True)
class Misconduct:
    """Which workers of a job do what, by their numbers; None if nobody does."""

    speeder: int | None = None
    copying: tuple[int, int] | None = None  # who comes second gives what the first gave
    worsening: int | None = None
    jump: Jump | None = None
    overlapping: int | None = None


@dataclass(frozen=True)
class Act:
    """How a worker goes about one task."""

    turn: Turn  # the worker may be less able than usual
    difficulty: float
    haste: float = 1.0  # time taken, as a multiple of the usual


class Conduct:
    """The conduct of one job's workers."""

    def __init__(self, misconduct: Misconduct, job_name: str, crew: Crew, truth: Truth, rng: Random) -> None:
        self._job_name, self._crew, self._truth, self._rng = job_name, crew, truth, rng
        self._speeder = misconduct.speeder if truth.has(Fault.SPEEDING) else None
        self._pair = frozenset(misconduct.copying or ()) if truth.has(Fault.COPYING) else frozenset[int]()
        self._worsening = misconduct.worsening if truth.has(Fault.WORSENING) else None
        self._jump = misconduct.jump if truth.has(Fault.CLOCKS) else None
        self._overlapping = misconduct.overlapping if truth.has(Fault.OVERLAPS) else None
        begin, end = crew.span
        self._worse_from = from_milliseconds(int(begin + WORSE_FROM * (end - begin))).date()
        self._worse_since: tuple[Worker, date] | None = None
        self._last: Timing | None = None  # of the worker whose tasks overlap
        self._copied: list[bool] = []  # of the objects that the pair has in common
        self._pair_ids = ("", "")

    def next_turns(self, count: int) -> Sequence[Turn]:
        """The next to work on an object, by the time; two who copy do so together."""
        return self._crew.next_turns(count, self._pair)

    def act(self, object_index: int, turn: Turn, difficulty: float) -> Act:
        """How the worker goes about the object."""
        worker = turn.worker
        if worker.number == self._speeder and self._rng.random() < FAST_SHARE:
            self._truth.add(FastAnswer(self._job_name, object_index, worker.worker_id))
            return Act(replace(turn, worker=_with_skill(worker, GUESS)), 1.0, self._rng.uniform(*HASTE))
        if worker.number == self._worsening:
            today = from_milliseconds(turn.accepted_at).date()
            if today >= self._worse_from:
                self._worse_since = self._worse_since or (worker, today)
                return Act(replace(turn, worker=_with_skill(worker, WORSE_SKILL)), difficulty)
        return Act(turn, difficulty)

    def copies(self, turn: Turn, earlier: Sequence[Turn]) -> int | None:
        """The place of the earlier turn whose answer this worker gives again, if that is so."""
        if turn.worker.number not in self._pair:
            return None
        place = next((place for place, other in enumerate(earlier) if other.worker.number in self._pair), None)
        if place is None:
            return None
        one, other = turn.worker.worker_id, earlier[place].worker.worker_id
        self._pair_ids = (min(one, other), max(one, other))
        self._copied.append(self._rng.random() < COPIED_SHARE)
        return place if self._copied[-1] else None

    def stamp(self, object_index: int, turn: Turn, timing: Timing) -> Timing:
        """The times that the answer has."""
        number, worker_id = turn.worker.number, turn.worker.worker_id
        if self._jump and number == self._jump.number and turn.progress >= JUMP_AT:
            accepted_off, submitted_off = self._jump.accepted_off, self._jump.submitted_off
            jump = ClockJump(
                *(self._job_name, object_index, worker_id),
                *(int(accepted_off.total_seconds()), int(submitted_off.total_seconds())),
            )
            self._truth.add(jump)
            return replace(
                timing,
                accepted_at=timing.accepted_at + accepted_off // timedelta(milliseconds=1),
                submitted_at=timing.submitted_at + submitted_off // timedelta(milliseconds=1),
            )
        if number == self._overlapping:
            last, self._last = self._last, timing
            is_soon = last is not None and timing.accepted_at - last.submitted_at < SOON
            if last and is_soon and self._rng.random() < OVERLAPPING_SHARE:
                self._truth.add(OverlappingTask(self._job_name, object_index, worker_id))
                ahead = int((last.submitted_at - last.accepted_at) * self._rng.uniform(0.3, 0.8))
                return replace(timing, accepted_at=last.submitted_at - ahead)
        return timing

    def finish(self) -> None:
        """Puts down what is known when the job is done."""
        if self._copied:
            self._truth.add(Copying(self._job_name, *self._pair_ids, len(self._copied), sum(self._copied)))
        if self._worse_since:
            worker, first_date = self._worse_since
            skills = worker.habits.skill, WORSE_SKILL
            self._truth.add(Worsening(self._job_name, worker.worker_id, first_date.isoformat(), *skills))


def _with_skill(worker: Worker, skill: float) -> Worker:
    """The same person without any knack or plan."""
    return replace(worker, habits=replace(worker.habits, skill=skill, drift=0.0, mix_ups={}), knack={})
