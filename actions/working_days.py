"""When people work: the hours and days of each time zone, with its country's holidays, as `working_days.yaml` has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

_FILE = Path(__file__).with_name("working_days.yaml")


@dataclass(frozen=True)
class WorkingDays:
    """A zone's working week: the hours of a day and their rest, ISO weekdays, holidays, weekend days worked in exchange."""

    zone: ZoneInfo
    opens: time
    closes: time
    rests: tuple[time, time]
    days: frozenset[int]
    off: frozenset[date] = frozenset()
    on: frozenset[date] = frozenset()

    def is_worked(self, day: date) -> bool:
        return day in self.on or (day.isoweekday() in self.days and day not in self.off)

    def holds(self, starts: datetime, ends: datetime) -> bool:
        """Whether a stretch of time lies within the hours of one working day here."""
        first, last = starts.astimezone(self.zone), ends.astimezone(self.zone)
        is_one_day = first.date() == last.date() and self.is_worked(first.date())
        begins, resumes = self.rests
        is_at_work = last.time() <= begins or first.time() >= resumes
        return is_one_day and is_at_work and self.opens <= first.time() and last.time() <= self.closes


@cache
def working_days(zone: str) -> WorkingDays:
    """Those of a zone; a zone that the file does not list works by its default, one that nobody knows by UTC."""
    book = _book()
    listed: Mapping[str, Any] = book["zones"].get(zone, {})
    hours = {**book["default"], **listed}
    country: Mapping[str, Any] = book["countries"].get(hours.get("country"), {})
    return WorkingDays(
        zone=_zone(zone),
        opens=time.fromisoformat(hours["opens"]),
        closes=time.fromisoformat(hours["closes"]),
        rests=(time.fromisoformat(hours["rests"][0]), time.fromisoformat(hours["rests"][1])),
        days=frozenset(hours["days"]),
        off=frozenset(country.get("holidays", ())),
        on=frozenset(country.get("worked", ())),
    )


@cache
def _book() -> Mapping[str, Any]:
    book: Mapping[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return book


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
