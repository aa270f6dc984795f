"""Free slots: when a consultant and whoever needs them can both meet, the best first; thinks, touches nothing.

Every slot lies within the working hours of both, overlaps nothing that takes either's time, and begins on a half hour.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeGuard

from actions.crm.records import Diary, Employee
from actions.policy.hours import Hours

LENGTH = timedelta(hours=1)
LOOK_AHEAD = timedelta(days=14)
MOST = 3
STEP = timedelta(minutes=30)
_LEAD = timedelta(minutes=30)
"""Nobody is fetched into a meeting that begins sooner."""
_APART = timedelta(hours=2)
"""Two slots of one consultant that are closer are no choice."""

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Wish:
    """When it would suit: from `earliest` on, and before `latest` where a part of a day was named."""

    earliest: datetime
    latest: datetime | None = None


@dataclass(frozen=True)
class Fit:
    """A consultant and why they suit: the topics of theirs that were spoken of, the same region, the same language."""

    person: Employee
    topics: tuple[str, ...] = ()
    is_near: bool = False
    speaks: bool = False


@dataclass(frozen=True)
class Slot:
    """A stretch of time that both have free."""

    fit: Fit
    starts: datetime
    ends: datetime


def is_consultant(person: Employee | None) -> TypeGuard[Employee]:
    """Whether somebody is here to be booked: a technical consultant who has not left."""
    return person is not None and person.role == "consultant" and not person.has_left


def fitting(people: Iterable[Employee], text: str, region: str, lang: str = "") -> list[Fit]:
    """The consultants, those first whose expertise is spoken of, then those of the region, then of the language."""
    said = text.casefold()
    fits = [
        Fit(one, _topics(one, said), bool(region) and one.region == region, bool(lang) and one.lang == lang)
        for one in people
        if is_consultant(one)
    ]
    return sorted(fits, key=lambda fit: (-len(fit.topics), not fit.is_near, not fit.speaks, fit.person.id))


def _topics(person: Employee, said: str) -> tuple[str, ...]:
    """Those of their topics of which every word is said."""
    topics = [topic.strip() for topic in re.split(r"[|、,，]", person.expertise)]
    return tuple(topic for topic in topics if topic and all(word in said for word in topic.casefold().split()))


def taken(diary: Diary, but: str | None = None) -> Mapping[str, list[Span]]:
    """What takes each person's time, merged and in order; the booking `but` left out."""
    spans: dict[str, list[Span]] = defaultdict(list)
    for busy in diary.busy:
        spans[busy.employee_id].append((busy.starts, busy.ends))
    for booking in diary.bookings:
        if booking.id != but and booking.state != "cancelled":
            spans[booking.consultant_id].append((booking.starts, booking.ends))
            spans[booking.owner_id].append((booking.starts, booking.ends))
    return {person_id: merged(theirs) for person_id, theirs in spans.items()}


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time in stretches that do not touch, in order; what ends before it begins is nothing."""
    whole: list[Span] = []
    for starts, ends in sorted(spans):
        if ends <= starts:
            continue
        if whole and starts <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], ends))
        else:
            whole.append((starts, ends))
    return whole


def is_taken(spans: Sequence[Span], starts: datetime, ends: datetime) -> bool:
    """Whether one of these merged stretches overlaps."""
    place = bisect_left(spans, (ends, ends))
    return place > 0 and spans[place - 1][1] > starts


def is_free(diary: Diary, people: Iterable[Employee], starts: datetime, ends: datetime, but: str | None = None) -> bool:
    """Whether nothing takes these people's time then; working hours aside."""
    spans = taken(diary, but)
    return not any(is_taken(spans.get(one.id, ()), starts, ends) for one in people)


def free_slots(
    diary: Diary,
    fits: Sequence[Fit],
    asker: Employee | None,
    wish: Wish,
    now: datetime,
    *,
    but: str | None = None,
    length: timedelta = LENGTH,
    most: int = MOST,
) -> list[Slot]:
    """Up to `most` slots, the best fitting consultant's first, within LOOK_AHEAD of the wish.

    `asker`'s calendar and hours count where they are known. Where the named part of a day is full, the next free ones
    behind it are given. `but` is a booking whose own time counts as free: it is the one to be moved.
    """
    spans = taken(diary, but)
    first = _on_grid(max(wish.earliest, now + _LEAD))
    last = max(first, min(first + LOOK_AHEAD, now + LOOK_AHEAD * 3))
    if wish.latest is not None and wish.latest > first:
        within = _best(fits, asker, diary.hours, spans, first, wish.latest, length, most)
        if within:
            return within
    return _best(fits, asker, diary.hours, spans, first, last, length, most)


def _best(
    fits: Sequence[Fit],
    asker: Employee | None,
    hours: Hours,
    spans: Mapping[str, list[Span]],
    first: datetime,
    last: datetime,
    length: timedelta,
    most: int,
) -> list[Slot]:
    """Two of the best fitting, one of the next: a choice of times and of people, filled up with what is left."""
    each = [_of(fit, asker, hours, spans, first, last, length, most) for fit in fits]
    found = [slots for slots in each if slots]
    best = [slot for number, slots in enumerate(found) for slot in slots[: 2 if number == 0 else 1]]
    further = [slot for slots in found for slot in slots if slot not in best]
    return [*best, *further][:most]


def _of(
    fit: Fit,
    asker: Employee | None,
    hours: Hours,
    spans: Mapping[str, list[Span]],
    first: datetime,
    last: datetime,
    length: timedelta,
    most: int,
) -> list[Slot]:
    both = [fit.person, *([asker] if asker is not None and asker.id != fit.person.id else [])]
    slots: list[Slot] = []
    at = first
    while at < last and len(slots) < most:
        ends = at + length
        is_open = all(hours.can_meet(at, ends, one.zone, one.region) for one in both)
        if is_open and not any(is_taken(spans.get(one.id, ()), at, ends) for one in both):
            slots.append(Slot(fit, at, ends))
            at += max(_APART, length)
        else:
            at += STEP
    return slots


def _on_grid(at: datetime) -> datetime:
    """The next half hour of the clock, in UTC, or this one."""
    at = at.astimezone(UTC)
    floor = at.replace(minute=at.minute - at.minute % 30, second=0, microsecond=0)
    return floor if floor == at else floor + STEP
