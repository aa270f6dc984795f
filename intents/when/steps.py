"""Steps on the calendar: weeks, months and quarters away from a day."""

import calendar
from datetime import date, datetime, timedelta


def monday(day: date) -> date:
    """Return the Monday of the week that the day lies in."""
    return day - timedelta(days=day.weekday())


def month_away(day: date, step: int) -> tuple[int, int]:
    """Return year and month so many months away."""
    years, month = divmod(day.month - 1 + step, 12)
    return day.year + years, month + 1


def last_of_month(year: int, month: int) -> date:
    """Return the last day of a month."""
    return date(year, month, calendar.monthrange(year, month)[1])


def upcoming(sent_at: datetime, month: int, day: int) -> date:
    """Return that day this year, or next year when it is long past (people speak of last month, too)."""
    this_year = date(sent_at.year, month, day)
    return this_year if this_year >= sent_at.date() - timedelta(days=60) else date(sent_at.year + 1, month, day)


def same_day(day: date, year: int, month: int) -> date:
    """Return the same day of another month, or that month's last."""
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def part_of_month(year: int, month: int, part: str | None) -> date:
    """Return the last day for 底 and 末, else the day a part of the month begins with."""
    if part in {"底", "末"}:
        return last_of_month(year, month)
    return date(year, month, {"中旬": 11, "中": 15, "下旬": 21}.get(part or "", 1))


def end_of_quarter(day: date) -> date:
    """Return the last day of the quarter that the day lies in."""
    return last_of_month(day.year, 3 * ((day.month + 2) // 3))
