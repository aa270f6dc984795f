"""Dates of a text, resolved against the moment and zone of the message."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from intents.understanding import Slot
from intents.when import calendar_dates, chinese, english, spans
from intents.when.clock import hour_behind, iso, times_alone

_PATTERNS = (*calendar_dates.PATTERNS, *chinese.PATTERNS, *english.PATTERNS, *spans.PATTERNS)


@dataclass(frozen=True)
class _Day:
    """A day, found somewhere; `moment` when the expression already says the hour."""

    start: int
    end: int
    day: date
    moment: datetime | None = None


def find_dates(text: str, sent_at: datetime) -> Iterator[Slot]:
    """Yield dates as ISO 8601: a day, or with an hour said a date-time with the offset of the message's zone."""
    days: list[Slot] = []
    behind = 0
    for found in _without_overlap(_days(text, sent_at)):
        if found.start >= behind:
            behind, value = _value(text, found, sent_at)
            days.append(Slot("date", text[found.start : behind], found.start, value))
    yield from days
    for hour in times_alone(text, sent_at):
        if not any(day.start < hour.start + len(hour.text) and hour.start < day.start + len(day.text) for day in days):
            yield hour


def _value(text: str, found: _Day, sent_at: datetime) -> tuple[int, str]:
    """Return where the expression ends, an hour behind the day included, and what it stands for."""
    if found.moment is not None:
        return found.end, iso(found.moment)
    end, minute = hour_behind(text, found.start, found.end)
    if minute is None:
        return end, found.day.isoformat()
    midnight = datetime(found.day.year, found.day.month, found.day.day, tzinfo=sent_at.tzinfo)
    return end, iso(midnight + timedelta(minutes=minute))


def _days(text: str, sent_at: datetime) -> Iterator[_Day]:
    for pattern, resolve in _PATTERNS:
        for match in pattern.finditer(text):
            try:
                said = resolve(match, sent_at)
            except (ValueError, OverflowError):
                continue
            if isinstance(said, datetime):
                yield _Day(match.start(), match.end(), said.date(), said)
            elif said is not None:
                yield _Day(match.start(), match.end(), said)


def _without_overlap(found: Iterator[_Day]) -> list[_Day]:
    kept: list[_Day] = []
    for one in sorted(found, key=lambda day: (day.start, -day.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept
