"""Calendar arithmetic in the speaker's own zone, for the plays that name a time."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from actions.crm.records import Speaker

MORNING = time(9, 30)
"""When a reminder comes that was asked for a day without an hour: after the first mails, before the first visit."""

_DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:\d+S)?)?")


def today(now: datetime, speaker: Speaker) -> date:
    return now.astimezone(ZoneInfo(speaker.zone)).date()


def morning_of(day: date, speaker: Speaker) -> datetime:
    return datetime.combine(day, MORNING, ZoneInfo(speaker.zone))


def work_morning_in(days: int, now: datetime, speaker: Speaker) -> datetime:
    """Half past nine, so many days from today; a weekend moves on to Monday."""
    day = today(now, speaker) + timedelta(days=days)
    return morning_of(day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= 5 else 0), speaker)


def moment(value: Any, now: datetime, speaker: Speaker) -> datetime | None:
    """Read a date slot (ISO 8601 date or date-time) or a duration slot (counted from now); None if it is neither."""
    if not isinstance(value, str):
        return None
    if value.startswith("P"):
        return _after(value, now, speaker)
    try:
        if len(value) == len("2026-01-31"):
            return morning_of(date.fromisoformat(value), speaker)
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(speaker.zone))


def _after(value: str, now: datetime, speaker: Speaker) -> datetime | None:
    match = _DURATION.fullmatch(value)
    if match is None or not any(match.groups()):
        return None
    years, months, weeks, days, hours, minutes = (min(int(part or 0), 10_000) for part in match.groups())
    whole_days = years * 365 + months * 30 + weeks * 7 + days
    if whole_days > 3660:
        return None
    if hours or minutes:
        return now + timedelta(days=whole_days, hours=hours, minutes=minutes)
    return morning_of(today(now, speaker) + timedelta(days=whole_days), speaker)
