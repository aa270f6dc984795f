"""How a time is told: in the person's zone and language, with the weekday, exact without a reference to today."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.wording.sentences import Language, word

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def when(at: datetime, lang: Language, zone: str) -> str:
    """8月12日（周三）15:00, or Wed 12 Aug, 15:00."""
    local = at.astimezone(_zone(zone))
    clock = f"{local:%H:%M}"
    return f"{_dated(local, lang)}{clock}" if lang == "zh" else f"{_dated(local, lang)}, {clock}"


def near(at: datetime, lang: Language, zone: str, now: datetime | None) -> str:
    """Short enough for a button: 周三 15:00 within the coming six days, the date after that."""
    local = at.astimezone(_zone(zone))
    clock = f"{local:%H:%M}"
    if now is not None and timedelta(0) <= local.date() - now.astimezone(_zone(zone)).date() < timedelta(days=7):
        return f"{_weekday(local, lang)} {clock}"
    day = f"{local.month}月{local.day}日" if lang == "zh" else f"{local.day} {_MONTHS[local.month - 1]}"
    return f"{day} {clock}"


def day(on: date, lang: Language, now: datetime | None = None) -> str:
    """2026年8月12日, or 12 Aug 2026; without the year where it is this one."""
    short = f"{on.month}月{on.day}日" if lang == "zh" else f"{on.day} {_MONTHS[on.month - 1]}"
    if now is not None and now.year == on.year:
        return short
    return f"{on.year}年{short}" if lang == "zh" else f"{short} {on.year}"


def local_day(at: datetime, lang: Language, zone: str, now: datetime | None = None) -> str:
    return day(at.astimezone(_zone(zone)).date(), lang, now)


def _dated(local: datetime, lang: Language) -> str:
    if lang == "zh":
        return f"{local.month}月{local.day}日（{_weekday(local, lang)}）"
    return f"{_weekday(local, lang)} {local.day} {_MONTHS[local.month - 1]}"


def _weekday(local: datetime, lang: Language) -> str:
    return word("weekday", str(local.weekday()), lang) or ""


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("Asia/Shanghai")
