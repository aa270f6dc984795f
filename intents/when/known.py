"""What words stand for that are known to be a date, however short they are: 2018, June, 31st, 下半年, Eid.

Standing alone they may mean anything, so that `find_dates` leaves them alone; where the model sees a date, they mean one.
"""

import re
from collections.abc import Callable
from datetime import date, datetime

from intents.when.clock import iso
from intents.when.dates import find_dates
from intents.when.steps import upcoming
from intents.when.words import CHINESE_PARTS, ENGLISH_MONTHS, ENGLISH_PARTS, SPRING_FESTIVALS
from intents.wordlist import words as listed

_Resolve = Callable[[re.Match[str], datetime], date | None]


def _days(text: str) -> tuple[date, ...]:
    return tuple(map(date.fromisoformat, listed(text)))


_EID = _days("2025-03-30 2026-03-20 2027-03-09 2028-02-26 2029-02-14 2030-02-04")
_MOVING = {
    "after ramadan|斋月.{0,2}(?:后|完|结束)": _EID,
    "ramadan|斋月": _days("2025-03-01 2026-02-18 2027-02-08 2028-01-28 2029-01-16 2030-01-06"),
    "eid al[- ]adha|bakrid|宰牲节|古尔邦节": _days("2025-06-06 2026-05-27 2027-05-16 2028-05-05 2029-04-24 2030-04-13"),
    r"\beid\b|hari raya|lebaran|开斋节": _EID,
    r"\beaster\b|复活节": _days("2025-04-20 2026-04-05 2027-03-28 2028-04-16 2029-04-01 2030-04-21"),
    "diwali|deepavali|排灯节|屠妖节": _days("2025-10-20 2026-11-08 2027-10-29 2028-10-17 2029-11-05 2030-10-26"),
    "端午": _days("2025-05-31 2026-06-19 2027-06-09 2028-05-28 2029-06-16 2030-06-05"),
    "中秋|mid-autumn": _days("2025-10-06 2026-09-25 2027-09-15 2028-10-03 2029-09-22 2030-09-12"),
}
"""First days, to 2030; those of the Islamic calendar may move by a day with the moon. Later years are not read."""
_FIXED = {
    "songkran|泼水节|宋干": (4, 13),
    r"christmas|\bxmas\b|圣诞": (12, 25),
    "new year": (1, 1),
    "清明": (4, 5),
    "双十一": (11, 11),
    "国庆": (10, 1),
    "spring|春": (3, 1),
    "summer|夏": (6, 1),
    "autumn|秋": (9, 1),
    "winter|冬": (12, 1),
}
_YEARS = {"前年": -2, "去年": -1, "上年": -1, "今年": 0, "本年": 0, "明年": 1, "来年": 1, "次年": 1, "后年": 2}
_MONTH = "|".join(sorted(ENGLISH_MONTHS, key=len, reverse=True))
_PART = "|".join(sorted([*CHINESE_PARTS, *ENGLISH_PARTS], key=len, reverse=True))


def _coming(days: tuple[date, ...]) -> _Resolve:
    return lambda match, sent_at: next((day for day in days if day >= sent_at.date()), None)


def _yearly(month: int, day: int) -> _Resolve:
    return lambda match, sent_at: upcoming(sent_at, month, day)


def _next_year(match: re.Match[str], sent_at: datetime) -> date:
    return date(sent_at.year + 1, 1, 1)


def _half(match: re.Match[str], sent_at: datetime) -> date:
    return date(sent_at.year + _YEARS.get(match["year"] or "今年", 0), 1 if match["half"] in ("上", "前") else 7, 1)


def _ordinal(match: re.Match[str], sent_at: datetime) -> date | None:
    day = int(match["day"])
    months = ((sent_at.year + (sent_at.month + step - 1) // 12, (sent_at.month + step - 1) % 12 + 1) for step in range(3))
    for year, month in months:
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found >= sent_at.date():
            return found
    return None


_READINGS: tuple[tuple[re.Pattern[str], _Resolve], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), resolve)
    for pattern, resolve in (
        (rf"(?P<year>{'|'.join(_YEARS)})?(?P<half>[上下前后])半年", _half),
        (r"\btet\b|\bcny\b|lunar new year|chinese new year|春节|过年|年前|年后", _coming(SPRING_FESTIVALS)),
        (
            r"(?:next|new|coming) (?:fiscal|financial|calendar)?\s?year|next fiscal|下个?财年|新财年|下年度",
            _next_year,
        ),
        (r"this (?:fiscal |financial )?year|本年度|今年", lambda m, at: date(at.year, 1, 1)),
        (r"last year|去年", lambda m, at: date(at.year - 1, 1, 1)),
        (r"(?<!\d)(?P<year>(?:19|20)\d\d)(?!\d)", lambda m, at: date(int(m["year"]), 1, 1)),
        (rf"\b(?P<month>{_MONTH})\b", lambda m, at: upcoming(at, ENGLISH_MONTHS[m["month"].lower()], 1)),
        (r"\b(?P<day>[12]?\d|3[01])(?:st|nd|rd|th)\b", _ordinal),
        *((names, _yearly(*day)) for names, day in _FIXED.items()),
    )
)
_FESTIVALS = tuple((re.compile(names, re.IGNORECASE), _coming(days)) for names, days in _MOVING.items())
"""Looked for first: in 复活节后 the rules hear 节后, after a public holiday."""
_AGAIN_AND_AGAIN = re.compile(r"\b(?:every|each)\b|每", re.IGNORECASE)
_PART_OF_TODAY = re.compile(rf"(?:this |in the )?(?P<part>{_PART})", re.IGNORECASE)


def date_of(words: str, sent_at: datetime) -> str | None:
    """Return the date as ISO 8601, the first day of a year, a season or a festival; None where nobody could say."""
    if _AGAIN_AND_AGAIN.search(words):
        return None
    for pattern, resolve in _FESTIVALS:
        if (match := pattern.search(words)) and (day := resolve(match, sent_at)):
            return day.isoformat()
    if found := next(iter(find_dates(words, sent_at)), None):
        return str(found.value)
    if part := _PART_OF_TODAY.fullmatch(words.strip()):
        hour = (CHINESE_PARTS | ENGLISH_PARTS)[part["part"].lower()]
        return iso(sent_at.replace(hour=hour, minute=0))
    for pattern, resolve in _READINGS:
        if (match := pattern.search(words)) and (day := resolve(match, sent_at)):
            return day.isoformat()
    return None
