"""A person's calendar file (iCalendar, RFC 5545): when their time is taken in the coming months; never what by.

Recurring events are counted out within bounds, in their own zone's clock, with their exceptions. What is cancelled,
declined or marked as free takes no time.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Calendar

from actions.crm.invitation import OWN_UID
from actions.slots import Span, merged

Event = Any
"""A component of the library's: its own types name everything that any property could ever hold."""

LARGEST = 5 * 1024 * 1024
"""Bytes of one file: ten years of a full calendar."""
MOST_EVENTS = 20_000
MOST_FILES = 50
AHEAD = timedelta(days=92)
"""How far ahead a calendar is read: three months, beyond which nobody books."""
_MOST_STEPS = 300_000
"""Repetitions counted out in all: 800 years of daily events; more is a file that means harm, or nothing."""


class CalendarError(ValueError):
    """The file cannot be taken in; `why` is one of broken, too_large, too_many, empty."""

    def __init__(self, why: str, file: str) -> None:
        super().__init__(_SENTENCES[why].format(file=file))
        self.why = why


_SENTENCES = {
    "broken": "{file} is not a calendar file that can be read; export it again as iCalendar (.ics).",
    "too_large": f"{{file}} is over {LARGEST // 1024 // 1024} MB; export the coming months only.",
    "too_many": "{file} holds more events than can be counted out; export the coming months only.",
    "empty": "There is no .ics file in {file}.",
}


@dataclass
class _Steps:
    """How many repetitions may still be counted out."""

    left: int = _MOST_STEPS


def busy_in(path: Path, zone: str, now: datetime, email: str | None = None) -> list[Span]:
    """When the calendar in this file, or in the .ics files of this folder, takes its owner's time from now on.

    Stretches in UTC that do not touch, within AHEAD. `zone` is where a time without zone, and an all-day event, is meant;
    `email` is the owner's, so that what they declined takes no time. Raises CalendarError.
    """
    if path.is_dir():
        files = sorted(one for one in path.rglob("*") if one.suffix.lower() == ".ics")[: MOST_FILES + 1]
        if not files:
            raise CalendarError("empty", path.name)
        if len(files) > MOST_FILES:
            raise CalendarError("too_many", path.name)
    else:
        files = [path]
    if sum(one.stat().st_size for one in files) > LARGEST:
        raise CalendarError("too_large", path.name)
    return merged(span for one in files for span in busy_of(one.read_bytes(), one.name, zone, now, email))


def busy_of(content: bytes, file: str, zone: str, now: datetime, email: str | None = None) -> list[Span]:
    """The same for the content of one file."""
    home = ZoneInfo(zone)
    try:
        events = [event for calendar in _calendars(content) for event in calendar.walk("VEVENT")]
        if len(events) > MOST_EVENTS:
            raise CalendarError("too_many", file)
        return merged(_spans(events, home, now.astimezone(UTC), email, file))
    except CalendarError:
        raise
    except Exception as error:  # whatever a file holds, its owner hears one sentence
        raise CalendarError("broken", file) from error


def _calendars(content: bytes) -> Sequence[Any]:
    calendars = Calendar.from_ical(content.removeprefix(b"\xef\xbb\xbf"), multiple=True)
    found = [one for one in calendars if one.name == "VCALENDAR"]
    if not found:
        raise ValueError("no calendar in it")
    return found


def _spans(events: Sequence[Event], home: tzinfo, now: datetime, email: str | None, file: str) -> Iterator[Span]:
    series: dict[str, list[Event]] = defaultdict(list)
    for number, event in enumerate(events):
        series[str(event.get("UID") or f"alone:{number}")].append(event)
    steps = _Steps()
    for uid, theirs in series.items():
        if not uid.endswith(OWN_UID):
            yield from _of_series(theirs, home, now, email, steps, file)


def _of_series(
    events: Sequence[Event], home: tzinfo, now: datetime, email: str | None, steps: _Steps, file: str
) -> Iterator[Span]:
    """One event with its repetitions, and the exceptions that take the place of some."""
    exceptions = {_moment(one["RECURRENCE-ID"].dt, home): one for one in events if "RECURRENCE-ID" in one}
    onwards = sorted(at for at, one in exceptions.items() if _is_onwards(one))
    for event in events:
        if "RECURRENCE-ID" in event:
            continue
        for starts in _repeated(event, home, now, steps, file):
            if starts in exceptions:
                continue
            changed = [at for at in onwards if at <= starts]
            if not changed:
                yield from _taken(event, starts, home, now, email)
                continue
            later = exceptions[changed[-1]]
            yield from _taken(later, starts + (_moment(later["DTSTART"].dt, home) - changed[-1]), home, now, email)
    for one in exceptions.values():
        yield from _taken(one, _moment(one["DTSTART"].dt, home), home, now, email)


def _is_onwards(event: Event) -> bool:
    return str(event["RECURRENCE-ID"].params.get("RANGE", "")).upper() == "THISANDFUTURE"


def _taken(event: Event, starts: datetime, home: tzinfo, now: datetime, email: str | None) -> Iterator[Span]:
    ends = _end(event, starts, home)
    if ends > now and starts < now + AHEAD and ends > starts and _takes_time(event, email):
        yield max(starts, now - timedelta(days=1)), min(ends, now + AHEAD)


def _takes_time(event: Event, email: str | None) -> bool:
    if str(event.get("STATUS", "")).upper() == "CANCELLED" or str(event.get("TRANSP", "")).upper() == "TRANSPARENT":
        return False
    if str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper() == "FREE":
        return False
    guests = event.get("ATTENDEE", [])
    for guest in guests if isinstance(guests, list) else [guests]:
        is_owner = email is not None and str(guest).casefold().removeprefix("mailto:") == email.casefold()
        if is_owner and str(guest.params.get("PARTSTAT", "")).upper() == "DECLINED":
            return False
    return True


def _end(event: Event, starts: datetime, home: tzinfo) -> datetime:
    """When a repetition that begins then ends: as long after as the event itself; whole days by the calendar."""
    first = event["DTSTART"].dt
    if "DTEND" in event:
        last = event["DTEND"].dt
    elif "DURATION" in event:
        last = first + event["DURATION"].dt
    else:
        last = first if isinstance(first, datetime) else first + timedelta(days=1)
    if not isinstance(first, datetime) and not isinstance(last, datetime):
        day = starts.astimezone(home).date() + (last - first)
        return datetime.combine(day, time(), home).astimezone(UTC)
    return starts + (_moment(last, home) - _moment(first, home))


def _repeated(event: Event, home: tzinfo, now: datetime, steps: _Steps, file: str) -> Iterator[datetime]:
    """When the event begins, each time that may still matter; in UTC."""
    first = event["DTSTART"].dt
    starts = _moment(first, home)
    if "RRULE" not in event and "RDATE" not in event:
        yield starts
        return
    dropped = set(_listed(event, "EXDATE", home))
    since = now - max(_end(event, starts, home) - starts, timedelta())
    seen: set[datetime] = set()
    for at in (*_listed(event, "RDATE", home), *(_counted(event, first, home, now, steps, file) or (starts,))):
        if at not in dropped and at not in seen and since <= at < now + AHEAD:
            seen.add(at)
            yield at


def _counted(
    event: Event, first: date | datetime, home: tzinfo, now: datetime, steps: _Steps, file: str
) -> Iterable[datetime]:
    """What the rules give. They are counted on the clock of the event's zone, so that ten o'clock stays ten o'clock."""
    rules = event.get("RRULE")
    zone = first.tzinfo or home if isinstance(first, datetime) else home
    clock = first.replace(tzinfo=None) if isinstance(first, datetime) else datetime.combine(first, time())
    found: list[datetime] = []
    for rule in rules if isinstance(rules, list) else [rules] if rules else []:
        until = rule.get("UNTIL", [None])[0]
        last = None if until is None else _moment(until, home) if isinstance(until, datetime) else until
        text = ";".join(part for part in rule.to_ical().decode().split(";") if not part.upper().startswith("UNTIL="))
        for local in islice(rrulestr(text, dtstart=clock), steps.left + 1):
            steps.left -= 1
            if steps.left <= 0:
                raise CalendarError("too_many", file)
            at = local.replace(tzinfo=zone).astimezone(UTC)
            is_over = last is not None and (at > last if isinstance(last, datetime) else local.date() > last)
            if is_over or at >= now + AHEAD:
                break
            found.append(at)
    return found


def _listed(event: Event, name: str, home: tzinfo) -> Iterator[datetime]:
    """The moments of EXDATE or RDATE lines; of a period its beginning."""
    lines = event.get(name, [])
    for line in lines if isinstance(lines, list) else [lines]:
        for one in line.dts:
            yield _moment(one.dt[0] if isinstance(one.dt, tuple) else one.dt, home)


def _moment(at: date | datetime, home: tzinfo) -> datetime:
    """A moment in UTC; a day is its first, a time without zone the owner's."""
    if not isinstance(at, datetime):
        return datetime.combine(at, time(), home).astimezone(UTC)
    return (at if at.tzinfo else at.replace(tzinfo=home)).astimezone(UTC)
