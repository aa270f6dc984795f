"""Working hours, holidays and quiet hours, as two files say; a rule sees only whether it is working or quiet time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

SHIPPED_HOURS = Path(__file__).with_name("hours.yaml")
SHIPPED_HOLIDAYS = Path(__file__).with_name("holidays.yaml")
_LONGEST_STRETCH = timedelta(days=60)


@dataclass(frozen=True)
class Stretch:
    """Hours of a day; `to` before `from` goes over midnight, both the same is no time at all."""

    from_: time
    to: time

    def holds(self, at: time) -> bool:
        if self.from_ <= self.to:
            return self.from_ <= at < self.to
        return at >= self.from_ or at < self.to

    def spans(self, first: time, last: time) -> bool:
        """Whether a stretch of one day lies within."""
        if self.from_ <= self.to:
            return self.from_ <= first and last <= self.to
        return first >= self.from_ or last <= self.to


@dataclass(frozen=True)
class Working:
    """The days (Monday is 1) and the hours of work. In the `rest` at noon nobody is fetched into a meeting."""

    days: frozenset[int]
    hours: Stretch
    rest: Stretch | None = None


@dataclass(frozen=True)
class Calendar:
    """Days off, and days worked in exchange."""

    off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()

    def years(self) -> frozenset[int]:
        """The years that are known; where days are worked in exchange, those of which these are known."""
        return frozenset(day.year for day in self.worked or self.off)


@dataclass(frozen=True)
class Hours:
    """When people work, by region, and when nobody writes to a customer."""

    working: Working
    quiet: Stretch
    regions: Mapping[str, Working] = field(default_factory=dict)
    zones: Mapping[str, str] = field(default_factory=dict)
    calendars: Mapping[str, str] = field(default_factory=dict)
    holidays: Mapping[str, Calendar] = field(default_factory=dict)

    def is_working(self, now: datetime, zone: str, region: str) -> bool:
        """Whether somebody of this region works at this moment of their own clock."""
        local = now.astimezone(zone_of(zone))
        return self.is_working_day(local.date(), zone, region) and self._of(region).hours.holds(local.time())

    def is_working_day(self, day: date, zone: str, region: str) -> bool:
        """Whether somebody of this region and time zone works on this day."""
        calendar = self.holidays.get(self.calendars.get(zone, ""), Calendar())
        return day in calendar.worked or (day.isoweekday() in self._of(region).days and day not in calendar.off)

    def opens(self, now: datetime, zone: str, region: str) -> datetime:
        """When work begins next, after `now`, for somebody of this region; `now` where no day of the year is worked."""
        local = now.astimezone(zone_of(zone))
        begins = self._of(region).hours.from_
        for days in range(366):
            day = local.date() + timedelta(days=days)
            at = datetime.combine(day, begins, zone_of(zone))
            if at > local and self.is_working_day(day, zone, region):
                return at.astimezone(UTC)
        return now

    def can_meet(self, starts: datetime, ends: datetime, zone: str, region: str) -> bool:
        """Whether somebody can be met then: within the hours of one working day of theirs, and not in their rest."""
        first, last = (moment.astimezone(zone_of(zone)) for moment in (starts, ends))
        if first.date() != last.date() or not self.is_working_day(first.date(), zone, region):
            return False
        working = self._of(region)
        begins, resumes = (working.rest.from_, working.rest.to) if working.rest else (time.max, time.min)
        rests = first.time() < resumes and last.time() > begins
        return working.hours.spans(first.time(), last.time()) and not rests

    def _of(self, region: str) -> Working:
        return self.regions.get(region, self.working)

    def is_quiet(self, now: datetime, country: str, zone: str) -> bool:
        """Whether a customer of this country is left in peace now; without a zone for it, by the clock of `zone`."""
        return self.quiet.holds(now.astimezone(zone_of(self.zones.get(country, zone))).time())

    @classmethod
    def read(cls, hours: str, holidays: str, hours_place: str, holidays_place: str) -> "Hours":
        """Raises ValueError naming the place and what is wrong there."""
        data = _mapping(hours, hours_place, {"working", "regions", "quiet", "zones", "calendars"})
        calendars = {
            str(name): _calendar(one, f"{holidays_place}: {name}")
            for name, one in _mapping(holidays, holidays_place, None).items()
        }
        zones = _texts(data.get("zones"), f"{hours_place}: zones")
        named = _texts(data.get("calendars"), f"{hours_place}: calendars")
        for zone in [*zones.values(), *named]:
            if not _is_zone(zone):
                raise ValueError(f"{hours_place}: there is no time zone {zone}")
        for calendar in named.values():
            if calendar not in calendars:
                raise ValueError(f"{hours_place}: {holidays_place} has no calendar {calendar}")
        working = _working(data.get("working"), f"{hours_place}: working")
        regions = data.get("regions") or {}
        if not isinstance(regions, dict):
            raise ValueError(f"{hours_place}: regions are days, from and to by region")
        return cls(
            working,
            _stretch(data.get("quiet"), f"{hours_place}: quiet"),
            {str(name): _working(one, f"{hours_place}: regions: {name}") for name, one in regions.items()},
            zones,
            named,
            calendars,
        )


@lru_cache(maxsize=1)
def shipped_hours() -> Hours:
    """What counts where nobody has written anything else."""
    hours, holidays = (one.read_text(encoding="utf-8") for one in (SHIPPED_HOURS, SHIPPED_HOLIDAYS))
    return Hours.read(hours, holidays, SHIPPED_HOURS.name, SHIPPED_HOLIDAYS.name)


@lru_cache(maxsize=64)
def zone_of(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # a zone nobody knows must not stop a decision
        return UTC


def _is_zone(name: str) -> bool:
    return name == "UTC" or zone_of(name) is not UTC


def _mapping(text: str, place: str, keys: set[str] | None) -> dict[Any, Any]:
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(f"{place}: cannot be read as YAML") from error
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise ValueError(f"{place}: is written as key: value")
    if keys is not None and (unknown := [str(key) for key in data if key not in keys]):
        raise ValueError(f"{place}: there is no such key as {unknown[0]}")
    return data


def _texts(data: Any, place: str) -> dict[str, str]:
    data = {} if data is None else data
    # a bare NO is false to YAML, and a country
    if not isinstance(data, dict) or any(not isinstance(value, str) for pair in data.items() for value in pair):
        raise ValueError(f"{place}: is written as name: name (a country such as NO needs quotes)")
    return data


def _working(data: Any, place: str) -> Working:
    if not isinstance(data, dict):
        raise ValueError(f"{place}: needs days, from and to")
    days = data.get("days")
    if not isinstance(days, list) or not days or any(isinstance(d, bool) or d not in range(1, 8) for d in days):
        raise ValueError(f"{place}: days are numbers from 1 (Monday) to 7")
    hours = _stretch({key: value for key, value in data.items() if key not in ("days", "rest")}, place)
    rest = None if data.get("rest") is None else _stretch(data["rest"], f"{place}: rest")
    if rest is not None and rest.to < rest.from_:
        raise ValueError(f"{place}: rest ends before it begins")
    return Working(frozenset(days), hours, rest)


def _stretch(data: Any, place: str) -> Stretch:
    if not isinstance(data, dict) or data.keys() != {"from", "to"}:
        raise ValueError(f"{place}: needs from and to")
    return Stretch(_time(data["from"], place), _time(data["to"], place))


def _time(value: Any, place: str) -> time:
    try:
        return time.fromisoformat(value).replace(tzinfo=None)
    except (TypeError, ValueError):
        raise ValueError(f'{place}: a time is written as "09:00", in quotes') from None


def _calendar(data: Any, place: str) -> Calendar:
    if not isinstance(data, dict) or data.keys() - {"days_off", "days_worked"}:
        raise ValueError(f"{place}: a calendar has days_off and days_worked")
    off, worked = (frozenset(_days(data.get(key), f"{place}: {key}")) for key in ("days_off", "days_worked"))
    return Calendar(off, worked)


def _days(data: Any, place: str) -> list[date]:
    data = [] if data is None else data
    if not isinstance(data, list):
        raise ValueError(f"{place}: is a list of days")
    found: list[date] = []
    for one in data:
        first, _, last = str(one).partition("/")
        try:
            begin = date.fromisoformat(first)
            end = date.fromisoformat(last) if last else begin
        except ValueError:
            raise ValueError(f"{place}: {one} is no day (2026-10-01) and no stretch (2026-10-01/2026-10-07)") from None
        if not timedelta(0) <= end - begin <= _LONGEST_STRETCH:
            raise ValueError(f"{place}: {one} ends before it begins, or is longer than {_LONGEST_STRETCH.days} days")
        found += [begin + timedelta(days=number) for number in range((end - begin).days + 1)]
    return found
