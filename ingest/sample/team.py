"""The workers of the sample: who they are, how well and how fast they label, and when they are at work."""

from __future__ import annotations

import heapq
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import TypeAlias

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example01"

_WORKTEAM = "arn:aws:sagemaker:us-east-1:111122223333:workteam"
LABELERS = f"{_WORKTEAM}/private-crowd/labelers"
SPECIALISTS = f"{_WORKTEAM}/private-crowd/specialists"
VENDORS = f"{_WORKTEAM}/vendor-crowd/annotators"
PUBLIC_TEAM = "arn:aws:sagemaker:us-east-1:394669845002:workteam/public-crowd/default"

EPOCH = datetime(1970, 1, 1)
MONDAY_TO_FRIDAY = range(5)
EVERY_DAY = range(7)
BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

# A worker takes a break after one task in five; the rest follow each other within seconds.
BREAK_SHARE = 0.2
SECONDS_BETWEEN_TASKS = 3.0
# Work is planned for this share of the shifts, so that a job is done before they are over.
PLANNED_SHARE = 0.9
# A worker who mixes up two classes does so with this share of them.
MIX_UP_SHARE = 0.5

# The skill of everyone, if the sample is to have no differences between workers.
EVEN_SKILL = 0.92

Shift: TypeAlias = tuple[int, int]  # begin and end, in milliseconds since 1970-01-01 UTC


@dataclass(frozen=True)
class Habits:
    """How a worker labels."""

    skill: float  # share of easy objects that are given their right class
    tempo: float = 1.0  # time taken, as a multiple of what the task usually takes
    hours: tuple[int, int] = (9, 17)  # first and last hour of a working day, UTC
    weekdays: Sequence[int] = MONDAY_TO_FRIDAY
    drift: float = 0.0  # what is added to the skill from the first to the last day of a set of jobs
    mix_ups: Mapping[str, str] = field(default_factory=dict)  # class -> the class it is often taken for
    box_scale: float = 1.0  # width and height of drawn boxes, as a multiple of the right ones
    miss_share: float = 0.0  # share of boxes and spans left out
    span_slip: float = 0.0  # share of spans that take in the character after them


# Twelve workers, each with a story that shows in the marts.
TEAM = (
    Habits(skill=0.98, tempo=1.3),  # slow and thorough
    Habits(skill=0.96, hours=(8, 16)),
    Habits(skill=0.95, tempo=0.9),
    Habits(skill=0.94, tempo=1.1, hours=(7, 15)),
    Habits(skill=0.92, hours=(10, 18), box_scale=1.3),  # draws boxes too large
    Habits(skill=0.94, tempo=0.8, hours=(8, 17), span_slip=0.3),  # careless at the end of a span
    Habits(  # knows most classes, but takes one for another
        skill=0.94,
        mix_ups={"Wolf": "Dog", "Dog": "Wolf", "Billing": "Returns", "Pallet": "Crate", "PLACE": "PRODUCT"},
    ),
    Habits(skill=0.91, tempo=0.9, hours=(0, 8), miss_share=0.2),  # overlooks things
    Habits(skill=0.90, tempo=1.2, hours=(9, 19), weekdays=(5, 6)),  # works on weekends
    Habits(skill=0.62, tempo=1.4, drift=0.4),  # new: learns from week to week
    Habits(skill=0.95, hours=(6, 16), weekdays=EVERY_DAY, drift=-0.25),  # works every day, and tires
    Habits(skill=0.64, tempo=0.4, hours=(12, 20)),  # very fast and poor
)


# People of other workforces than the team's, who work every day on the small jobs.
IDENTITY_PROVIDER = "https://login.example.com/adfs"
STAFF = (Habits(skill=0.96, tempo=1.1), Habits(skill=0.93), Habits(skill=0.88, tempo=0.8))
VENDOR = (Habits(skill=0.91), Habits(skill=0.86, tempo=0.7))
PANEL = (Habits(skill=EVEN_SKILL),) * 9
PUBLIC = (Habits(skill=0.9), Habits(skill=0.85, tempo=0.6), Habits(skill=0.75, tempo=0.4))


@dataclass(frozen=True)
class Worker:
    """Someone who labels: an identity, habits, and a skill that differs a little by class."""

    number: int  # place among the workers of the same workforce, from 0
    worker_id: str
    sub: str
    habits: Habits
    knack: Mapping[str, float]  # class -> what is added to the skill for it
    identity_provider: str | None = "Cognito"  # None: the answers have no identity
    issuer: str = ISSUER

    def draw_offset(self, unit: float, rng: Random) -> tuple[float, float]:
        """How far off the worker draws everything in one answer, to the right and down: the careless more than others.

        Args:
            unit: what the most careful are off.
            rng: random numbers.
        """
        spread = unit * (1 + 10 * (1 - self.habits.skill))
        return rng.gauss(0, spread), rng.gauss(0, spread)

    def accuracy(self, label: str, progress: float = 0.5) -> float:
        """Chance to name an easy object of that class rightly; progress goes from 0 to 1 over a set's weeks."""
        skill = self.habits.skill + self.habits.drift * progress + self.knack.get(label, 0.0)
        return min(max(skill, 0.05), 0.995)


@dataclass(frozen=True)
class LabelSet:
    """Classes of a task: how common each one is, and which other it looks like."""

    weights: Mapping[str, float]
    lookalikes: Mapping[str, str]

    @property
    def labels(self) -> list[str]:
        """The classes, in the order of the label category config: a class's place is its index."""
        return list(self.weights)

    @property
    def shares(self) -> dict[str, float]:
        """The share of each class."""
        return {label: weight / sum(self.weights.values()) for label, weight in self.weights.items()}

    def balanced(self) -> LabelSet:
        """The same classes, all equally common."""
        return LabelSet(dict.fromkeys(self.weights, 1), self.lookalikes)

    def draw(self, rng: Random) -> str:
        """A class, the common ones more often."""
        return rng.choices(self.labels, list(self.weights.values()))[0]

    def right_chance(self, truth: str, worker: Worker, difficulty: float, progress: float) -> float:
        """Chance that ``name`` gives the class `truth` to something of that class."""
        known = 1 - MIX_UP_SHARE if truth in worker.habits.mix_ups else 1.0
        return known * (1 - min((1 - worker.accuracy(truth, progress)) * difficulty, 1.0))

    def other(self, label: str, rng: Random) -> str:
        """Another class: the one that looks like it, if there is one."""
        return self.lookalikes.get(label) or rng.choice([other for other in self.weights if other != label])

    def name(self, truth: str, worker: Worker, difficulty: float, progress: float, rng: Random) -> str:
        """The class that a worker gives to something of the class `truth`."""
        if truth in worker.habits.mix_ups and rng.random() < MIX_UP_SHARE:
            return worker.habits.mix_ups[truth]
        if rng.random() >= (1 - worker.accuracy(truth, progress)) * difficulty:
            return truth
        if truth in self.lookalikes and rng.random() < 0.7:
            return self.lookalikes[truth]
        return rng.choice([label for label in self.weights if label != truth])


def make_team(seed: int, labels: Sequence[str], *, is_even: bool = False) -> list[Worker]:
    """The team of that seed: the same dozen in every set of jobs; an even one has the same skill in everything."""
    team = [
        _make_worker(number, habits, labels, Random(f"{seed}/worker/{number}")) for number, habits in enumerate(TEAM)
    ]
    return [even(worker) for worker in team] if is_even else team


def _make_worker(number: int, habits: Habits, labels: Sequence[str], rng: Random) -> Worker:
    return Worker(
        number=number,
        worker_id=f"private.us-east-1.{rng.getrandbits(64):016x}",
        sub=make_uuid(rng),
        habits=habits,
        knack={label: rng.gauss(0, 0.015) for label in labels},
    )


def even(worker: Worker) -> Worker:
    """The same person at the same hours and pace, with the usual skill and no quirks."""
    habits = worker.habits
    plain = Habits(EVEN_SKILL, tempo=habits.tempo, hours=habits.hours, weekdays=habits.weekdays)
    return replace(worker, habits=plain, knack={})


def make_staff(seed: int) -> list[Worker]:
    """Private workers who sign in with the company's own identity provider, over OpenID Connect."""
    return [
        _make_specialist(number, f"jo.{number}", habits, rng)
        for number, habits, rng in _numbered(STAFF, f"{seed}/staff")
    ]


def make_panel(seed: int) -> list[Worker]:
    """Others like them, who label all alike."""
    return [
        _make_specialist(number, f"kim.{number}", habits, rng)
        for number, habits, rng in _numbered(PANEL, f"{seed}/panel")
    ]


def _make_specialist(number: int, sub: str, habits: Habits, rng: Random) -> Worker:
    worker_id = f"private.us-east-1.{rng.getrandbits(64):016x}"
    return Worker(number, worker_id, sub, habits, {}, "Oidc", IDENTITY_PROVIDER)


def make_vendor(seed: int) -> list[Worker]:
    """A vendor's workers; their answers have no identity."""
    return [
        Worker(number, f"vendor.us-east-1.{rng.getrandbits(64):016x}", "", habits, {}, None)
        for number, habits, rng in _numbered(VENDOR, f"{seed}/vendor")
    ]


def make_public(seed: int) -> list[Worker]:
    """Workers of the public workforce; their answers have neither identity nor acceptance times."""
    return [
        Worker(number, f"public.us-east-1.{''.join(rng.choices(BASE32, k=26))}", "", habits, {}, None)
        for number, habits, rng in _numbered(PUBLIC, f"{seed}/public")
    ]


def _numbered(people: Sequence[Habits], seed: str) -> list[tuple[int, Habits, Random]]:
    return [(number, habits, Random(f"{seed}/{number}")) for number, habits in enumerate(people)]


def make_uuid(rng: Random) -> str:
    """A random UUID, of version 4."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


@dataclass(frozen=True)
class Role:
    """Who works on a kind of job, and in which part of the set's weeks."""

    members: frozenset[int]  # numbers of the workers
    begin: float = 0.0
    end: float = 1.0


def plan_shifts(worker: Worker, role: Role, roles: Sequence[Role], first_day: date, days: int) -> list[Shift]:
    """The worker's shifts on one job of a set.

    On each working day a worker is at one job only, and goes round the jobs that are open to them: so nobody does
    two tasks at a time, and no two jobs have to know of each other.
    """
    shifts = []
    worked_days = 0
    for day in range(days):
        today = first_day + timedelta(days=day)
        if today.weekday() not in worker.habits.weekdays:
            continue
        opened = [other for other in roles if worker.number in other.members and other.begin <= day / days < other.end]
        if opened and opened[(worked_days + worker.number) % len(opened)] is role:
            begin, end = worker.habits.hours
            midnight = to_milliseconds(datetime.combine(today, time()))
            shifts.append((midnight + begin * 3_600_000, midnight + end * 3_600_000))
        worked_days += 1
    return shifts


def day_shifts(workers: Sequence[Worker], day: date) -> list[tuple[Worker, list[Shift]]]:
    """A job that takes all of the workers one day."""
    midnight = to_milliseconds(datetime.combine(day, time()))
    return [
        (worker, [(midnight + begin * 3_600_000, midnight + end * 3_600_000)])
        for worker in workers
        for begin, end in (worker.habits.hours,)
    ]


def to_milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970-01-01, of a naive UTC time."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def from_milliseconds(milliseconds: int) -> datetime:
    """The naive UTC time of that many milliseconds since 1970-01-01."""
    return EPOCH + timedelta(milliseconds=milliseconds)


@dataclass(frozen=True)
class Turn:
    """A worker about to do a task."""

    worker: Worker
    accepted_at: int
    progress: float  # how much of the set's weeks has gone by, 0 to 1


@dataclass(frozen=True)
class Timing:
    """When a task was done, in milliseconds; time_spent leaves pauses out."""

    accepted_at: int
    submitted_at: int
    time_spent: int


class Crew:
    """The workers of one job, each with a clock that runs through their shifts.

    The next task goes to those whose clocks are earliest, so the fast do more. Breaks are as long as it takes for the
    job to fill its weeks, however few its objects.
    """

    def __init__(
        self,
        shifts: Sequence[tuple[Worker, list[Shift]]],
        span: Shift,
        typical_seconds: float,
        answers_due: int,
        rng: Random,
    ) -> None:
        self._rng = rng
        self._span = span
        self._typical_seconds = typical_seconds
        self._shifts = {worker.number: list(reversed(theirs)) for worker, theirs in shifts if theirs}
        # How many answers the crew could give without a break; the rest of the shifts is for breaks.
        capacity = sum(
            (end - begin) / (1000 * typical_seconds * worker.habits.tempo)
            for worker, theirs in shifts
            for begin, end in theirs
        )
        self._break_ratio = max(0.0, PLANNED_SHARE * capacity / answers_due - 1) / BREAK_SHARE
        self._clocks: list[tuple[int, int, Worker]] = []
        for worker, theirs in shifts:
            if theirs:
                first_at = self._after_pause(worker, theirs[0][0], self._draw_break(worker))
                heapq.heappush(self._clocks, (first_at, worker.number, worker))

    @property
    def span(self) -> Shift:
        """Begin and end of the job's weeks."""
        return self._span

    def next_turns(self, count: int, pair: Collection[int] = ()) -> list[Turn]:
        """The `count` workers who are free first (all of them if the crew is smaller), each at their own time.

        Two who work as a pair do so whenever one of them is free, if the object is for two or more.
        """
        taken = [heapq.heappop(self._clocks) for _ in range(min(count, len(self._clocks)))]
        of_pair = [place for place, (_, number, _) in enumerate(taken) if number in pair]
        partner = next((entry for entry in self._clocks if entry[1] in pair), None)
        if len(of_pair) == 1 and partner and len(taken) > 1:
            left_out = taken.pop(-1 if of_pair[0] < len(taken) - 1 else -2)
            taken.append(partner)
            self._clocks.remove(partner)
            heapq.heapify(self._clocks)
            heapq.heappush(self._clocks, left_out)
        begin, end = self._span
        return [Turn(worker, accepted_at, (accepted_at - begin) / (end - begin)) for accepted_at, _, worker in taken]

    def finish(self, turn: Turn, effort: float) -> Timing:
        """Times the task of that turn and sends the worker on; effort is a multiple of the task's typical time."""
        rng = self._rng
        seconds = self._typical_seconds * turn.worker.habits.tempo * effort * rng.lognormvariate(0, 0.4)
        time_spent = max(int(seconds * 1000), 400)
        # Most tasks are done in one go; in some the worker is away from the screen for a while.
        pause = int(rng.expovariate(1 / (0.2 * time_spent))) if rng.random() < 0.3 else 0
        submitted_at = turn.accepted_at + time_spent + pause
        seconds_off = (
            self._draw_break(turn.worker) if rng.random() < BREAK_SHARE else rng.expovariate(1 / SECONDS_BETWEEN_TASKS)
        )
        free_at = self._after_pause(turn.worker, submitted_at, seconds_off)
        heapq.heappush(self._clocks, (free_at, turn.worker.number, turn.worker))
        return Timing(turn.accepted_at, submitted_at, time_spent)

    def _draw_break(self, worker: Worker) -> float:
        mean = self._break_ratio * self._typical_seconds * worker.habits.tempo
        return self._rng.uniform(0.5, 1.5) * mean

    def _after_pause(self, worker: Worker, moment: int, seconds: float) -> int:
        """When a pause of so many seconds on shift is over; one too long for the shifts left is cut."""
        shifts = self._shifts[worker.number]  # the current shift is the last of the list
        left = sum(end - max(begin, moment) for begin, end in shifts if end > moment)
        pause = min(int(seconds * 1000), int(left * self._rng.random()))
        while left and moment + pause >= shifts[-1][1]:
            pause -= max(0, shifts[-1][1] - moment)
            shifts.pop()
            moment = max(moment, shifts[-1][0])
        return moment + pause
