"""Changes of JSON whose structure is known: each leaves it JSON, and much of it is accepted by the loader."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

Json = Any
Place = tuple[Json, Any]

NUMBERS: tuple[Json, ...] = (
    *(0, -1, 1, -0.0, 0.5, 1e-9, 5e-5, 1e-320, 1e6, 1e15, 1e16, 1e100, 1e308, -1e308),
    *(2**31 - 1, 2**31, -(2**31), 2**53, 2**63 - 1, 2**63, -(2**63), 2**64, 10**30, 1_000_000.00005),
)
TEXTS = (
    *("", " ", "0", "00", "-1", "null", "NaN", "all", "__proto__", "constructor", "unknown", "other", "BACKGROUND"),
    *("'", '"; drop table x --', "a/b/../c", "%s%%{}", "{{ ref('x') }}", "\\", "\x00", "\x1b[31m", "a\nb\tc\r"),
    *("straße", "ẞ", "e\u0301", "\u202egnp.0", "\U0001f600", "\ud800", "İ", "ﬁ", "\ufeff", "-", "/", ":", ","),
    *("9223372036854775808", "1e308", "Yes", "s3://", "s3://b/../x", "x" * 5_000),
)
DATES = (
    *("0001-01-01T00:00:00", "1969-12-31T23:59:59.999Z", "1582-10-10T00:00:00Z", "9999-12-31T23:59:59.999999"),
    *("2026-02-29T12:00:00", "2026-06-30T23:59:60Z", "2026-06-01T00:00:00+23:59", "2026-06-01T00:00:00-14:00"),
    *("2026-06-01", "262000-01-01T00:00:00Z", "", "2026-06-01T12:00:00.123456789Z", "1000000-01-01"),
)
# A second key of the same name is written for a key with this end.
TWICE = "@@twice@@"


def places(value: Json) -> Iterator[Place]:
    """Every place of a value: what holds it, and its key or index there; in JSON within a string too."""
    entries: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        yield value, key
        yield from places(entry)


def _get(place: Place) -> Json:
    return place[0][place[1]]


def _is_date(value: Json) -> bool:
    return isinstance(value, str) and len(value) > 15 and value[4:5] == "-" and value[13:14] == ":"


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_inner(value: Json) -> bool:
    return isinstance(value, str) and value[:1] in ("{", "[")


def _repeat(rng: random.Random, place: Place) -> None:
    """An entry of a list twice, the second as it is or changed; or a key of an object."""
    holder, key = place
    if isinstance(holder, list):
        second = [copy.deepcopy(holder[key])]
        if rng.random() < 0.5:
            mutate(rng, second)
        holder[key + 1 : key + 1] = second
    else:
        holder[f"{key}{TWICE}"] = copy.deepcopy(holder[key])


def _remove(rng: random.Random, place: Place) -> None:
    del place[0][place[1]]


def _put_number(rng: random.Random, place: Place) -> None:
    place[0][place[1]] = rng.choice(NUMBERS)


def _put_text(rng: random.Random, place: Place) -> None:
    place[0][place[1]] = rng.choice(TEXTS)


def _put_date(rng: random.Random, place: Place) -> None:
    place[0][place[1]] = rng.choice(DATES)


def _put_empty(rng: random.Random, place: Place) -> None:
    place[0][place[1]] = type(_get(place))()


def _put_other_type(rng: random.Random, place: Place) -> None:
    place[0][place[1]] = rng.choice([None, True, False, 0, 1.5, "x", [], {}, [{}], {"a": 1}])


def _rename(rng: random.Random, place: Place) -> None:
    holder, key = place
    if isinstance(holder, dict):
        holder[rng.choice([*TEXTS, str(key).upper(), f"{key}-ref", f"{key}-metadata"])] = holder.pop(key)


def _mutate_inner(rng: random.Random, place: Place) -> None:
    """JSON within a string."""
    try:
        inner = [json.loads(_get(place))]
    except ValueError:
        return
    mutate(rng, inner)
    place[0][place[1]] = written(inner[0]) if inner else ""


def _exchange(rng: random.Random, found: list[Place]) -> None:
    """Two values of one key: worker ids, classes, frame numbers, dates of different things."""
    by_key: dict[str, list[Place]] = {}
    for place in found:
        if isinstance(place[1], str):
            by_key.setdefault(place[1], []).append(place)
    pairs = [same for same in by_key.values() if len(same) > 1]
    if pairs:
        one, other = rng.sample(rng.choice(pairs), 2)
        if rng.random() < 0.5:
            one[0][one[1]] = copy.deepcopy(_get(other))
        elif not isinstance(_get(one), dict | list):
            one[0][one[1]], other[0][other[1]] = _get(other), _get(one)


# What is done with which values, and how often.
CHANGES: tuple[tuple[int, Callable[[random.Random, Place], None], Callable[[Json], bool]], ...] = (
    (4, _repeat, lambda value: True),
    (2, _remove, lambda value: True),
    (4, _put_number, _is_number),
    (3, _put_text, lambda value: isinstance(value, str)),
    (3, _put_date, _is_date),
    (2, _put_empty, lambda value: isinstance(value, str | list | dict)),
    (1, _put_other_type, lambda value: True),
    (1, _rename, lambda value: True),
    (4, _mutate_inner, _is_inner),
)


def mutate(rng: random.Random, value: Json) -> None:
    """Change one thing in a list or an object."""
    found = list(places(value))
    if not found:
        return
    if rng.random() < 0.25:
        _exchange(rng, found)
        return
    (change,) = rng.choices(CHANGES, [weight for weight, _, _ in CHANGES])
    fitting = [place for place in found if change[2](_get(place))]
    if fitting:
        change[1](rng, rng.choice(fitting))


def written(value: Json) -> str:
    """As JSON, with the keys that are there twice."""
    return json.dumps(value).replace(TWICE, "")
