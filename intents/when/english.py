"""Days as English names them."""

import re
from datetime import date, datetime, timedelta

from intents.when.patterns import Patterns, compiled
from intents.when.quarters import quarter_of
from intents.when.steps import end_of_quarter, last_of_month, monday, month_away, upcoming
from intents.when.words import ENGLISH_DAYS, ENGLISH_MONTHS, ENGLISH_PARTS, ENGLISH_WEEKDAYS

_WEEKDAY = "|".join(sorted(ENGLISH_WEEKDAYS, key=len, reverse=True))
_MONTH = "|".join(sorted(ENGLISH_MONTHS, key=len, reverse=True))
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
"""The month that a season begins with, in the northern half."""
_SHORT_WORDS = frozenset({"mon", "wed", "sat", "sun"})
_DAY_FOLLOWS = re.compile(
    r"\b(?:on|by|before|until|till|til|from|for|every|after|since|or|and|&|to|tue|thu|fri)[ ,]{1,2}$|^$|[,/–-] ?$",
    re.IGNORECASE,
)
"""What makes a day of a small "sat" or "sun"."""
_ORDINAL = r"\d{1,2}(?:st|nd|rd|th)?"


def _english_day(match: re.Match[str], sent_at: datetime) -> date:
    return sent_at.date() + timedelta(days=ENGLISH_DAYS[" ".join(match["day"].lower().split())])


def _english_weekday(match: re.Match[str], sent_at: datetime) -> date | None:
    if match["day"] in _SHORT_WORDS and not match["which"] and not _DAY_FOLLOWS.search(match.string, 0, match.start()):
        return None
    weekday = ENGLISH_WEEKDAYS[match["day"].lower()]
    which = (match["which"] or "").lower()
    if "next week" in which or "week" in (match["week"] or "").lower() or which.startswith("next"):
        return monday(sent_at.date()) + timedelta(days=7 + weekday)
    if which.startswith("last"):
        return sent_at.date() - timedelta(days=(sent_at.weekday() - weekday - 1) % 7 + 1)
    return sent_at.date() + timedelta(days=(weekday - sent_at.weekday()) % 7)


def _english_date(match: re.Match[str], sent_at: datetime) -> date:
    month = ENGLISH_MONTHS[match["month"].lower()]
    day = int(re.sub(r"\D", "", match["day"]))
    return date(int(match["year"]), month, day) if match["year"] else upcoming(sent_at, month, day)


def _english_month(match: re.Match[str], sent_at: datetime) -> date:
    month = ENGLISH_MONTHS[match["month"].lower()]
    year = int(match["year"]) if match["year"] else sent_at.year + (1 if month < sent_at.month else 0)
    part = (match["part"] or "").lower().removeprefix("the ")
    if part.startswith(("end", "late")):
        return last_of_month(year, month)
    return date(year, month, 15 if part.startswith("mid") else 1)


def _english_ordinal(match: re.Match[str], sent_at: datetime) -> date:
    day = int(re.sub(r"\D", "", match["day"]))
    this_month = date(sent_at.year, sent_at.month, day)
    year, month = month_away(sent_at.date(), 1)
    return this_month if this_month >= sent_at.date() else date(year, month, day)


def _english_season(match: re.Match[str], sent_at: datetime) -> date:
    first = date(sent_at.year, _SEASONS[match["season"].lower()], 1)
    is_over = first.month + 3 <= sent_at.month
    return first.replace(year=first.year + 1) if is_over or (match["which"] == "next" and first <= sent_at.date()) else first


def _part_of_today(match: re.Match[str], sent_at: datetime) -> datetime:
    if match["night"]:
        return sent_at.replace(hour=ENGLISH_PARTS["night"], minute=0) - timedelta(days=1)
    return sent_at.replace(hour=ENGLISH_PARTS.get(match["part"].lower(), ENGLISH_PARTS["afternoon"]), minute=0)


def _english_quarter(match: re.Match[str], sent_at: datetime) -> date:
    return end_of_quarter(sent_at.date()) if match["end2"] else quarter_of(match, sent_at)


def _english_period(match: re.Match[str], sent_at: datetime) -> date | None:
    if not match["end"] and (not match["which"] or match["unit"].lower() == "day"):
        return None  # a bare "week" or "month" names no date
    which, unit = (match["which"] or "this").lower(), match["unit"].lower()
    step = {"next": 1, "last": -1}.get(which, 0)
    is_end = bool(match["end"])
    today = sent_at.date()
    if unit == "day":
        return today
    if unit == "week":
        return monday(today) + timedelta(days=7 * step + (4 if is_end else 0))
    if unit == "month":
        year, month = month_away(today, step)
        return last_of_month(year, month) if is_end else date(year, month, 1)
    return date(today.year + step, 12, 31) if is_end else date(today.year + step, 1, 1)


def _short_deadline(match: re.Match[str], sent_at: datetime) -> date:
    today = sent_at.date()
    ends = {
        "eod": today,
        "cob": today,
        "eow": monday(today) + timedelta(days=4),
        "eom": last_of_month(today.year, today.month),
        "month-end": last_of_month(today.year, today.month),
        "month end": last_of_month(today.year, today.month),
        "year-end": date(today.year, 12, 31),
        "year end": date(today.year, 12, 31),
        "eoy": date(today.year, 12, 31),
    }
    return ends[match[0].lower()]


PATTERNS: Patterns = compiled(
    (rf"\b(?P<day>{'|'.join(ENGLISH_DAYS)})\b", _english_day),
    (
        rf"(?<!['’])\b(?:(?P<which>next|this|last|coming"
        rf"|this coming) )?(?P<day>{_WEEKDAY})\b(?P<week> next week)?(?!\s?(?:\d{{4}}|nav\b))",
        _english_weekday,
    ),
    (
        rf"\b(?P<month>{_MONTH})\.? (?:the )?(?P<day>{_ORDINAL})\b(?!:)(?:,? (?P<year>20\d\d))?",
        _english_date,
    ),
    (rf"\b(?:the )?(?P<day>{_ORDINAL}) (?:of )?(?P<month>{_MONTH})\b(?:,? (?P<year>20\d\d))?", _english_date),
    (
        rf"\b(?:(?P<part>early|mid|late|end of|the end of|beginning of)[ -]|(?<=in )|(?<=by )|"
        rf"(?<=until )|(?<=till )|(?<=from )|(?<=since )|(?<=for )|(?<=next )|(?<=before )|(?<=after )|(?<=close )|"
        rf"(?<=closing )|(?<=closes )|(?<=this )|(?<=last )|(?<=the )(?!may\b))"
        rf"(?P<month>{_MONTH})\b(?! \d{{1,2}}(?:st|nd|rd|th)?\b)(?:,? (?P<year>20\d\d))?",
        _english_month,
    ),
    (
        r"\b(?P<month>(?-i:January|February|July|August|September|October|November|December))\b(?! \d{1,2}(?:st"
        r"|nd|rd|th)?\b)"
        r"(?P<part>)(?P<year>)",
        _english_month,
    ),
    (r"\b(?P<which>next|this) (?P<season>spring|summer|autumn|fall|winter)\b", _english_season),
    (
        r"\b(?:this (?P<part>morning|afternoon|arvo|evening)|(?P<night>last night))\b(?=(?! ?(?:at|around|by)? ?\d))",
        _part_of_today,
    ),
    (
        r"(?<=\b(?:by|on) )(?P<day>\d{1,2}(?:st|nd|rd|th))\b(?! (?:of|time|floor|quarter|version|one|seat"
        r"|century|[A-Z]))",
        _english_ordinal,
    ),
    (r"\b(?<=deadline )(?P<day>\d{1,2}(?:st|nd|rd|th))\b", _english_ordinal),
    (
        r"\bthe (?P<day>\d{1,2}(?:st|nd|rd|th))\b(?! (?:of|time|floor|quarter|version|one|seat"
        r"|century))",
        _english_ordinal,
    ),
    (
        r"\b(?P<end>(?:the )?end of (?:the )?|(?:the )?close of (?:the )?)?(?P<which>next|this|"
        r"last)? ?(?P<unit>week|month|year|day)\b(?<!the)",
        lambda match, sent_at: (
            _english_period(match, sent_at) if match["end"] or (match["which"] and match["unit"].lower() != "day") else None
        ),
    ),
    (
        r"\b(?P<end>(?:the )?end of )?(?P<which>next|this|last) (?:financial |fiscal )?quarter\b|"
        r"\b(?P<end2>(?:the )?end of (?:the )?quarter)\b",
        _english_quarter,
    ),
    (
        r"\b(?P<end>(?:the )?end of |by )Q(?P<q>[1-4])\b(?: (?P<year>20\d\d))?",
        quarter_of,
    ),
    (r"\b(?:EOD|COB|EOW|EOM|EOY|month[- ]end|year[- ]end)\b", _short_deadline),
)
