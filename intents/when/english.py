"""Days as English names them."""

import re
from datetime import date, datetime, timedelta

from intents.when.patterns import Patterns, compiled
from intents.when.quarters import quarter_of
from intents.when.steps import end_of_quarter, last_of_month, monday, month_away, upcoming
from intents.when.words import ENGLISH_DAYS, ENGLISH_MONTHS, ENGLISH_WEEKDAYS

_WEEKDAY = "|".join(sorted(ENGLISH_WEEKDAYS, key=len, reverse=True))
_MONTH = "|".join(sorted(ENGLISH_MONTHS, key=len, reverse=True))
_ORDINAL = r"\d{1,2}(?:st|nd|rd|th)?"


def _english_day(match: re.Match[str], sent_at: datetime) -> date:
    return sent_at.date() + timedelta(days=ENGLISH_DAYS[" ".join(match["day"].lower().split())])


def _english_weekday(match: re.Match[str], sent_at: datetime) -> date:
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
    part = (match["part"] or "").lower()
    if part.startswith(("end", "late")):
        return last_of_month(year, month)
    return date(year, month, 15 if part.startswith("mid") else 1)


def _english_ordinal(match: re.Match[str], sent_at: datetime) -> date:
    day = int(re.sub(r"\D", "", match["day"]))
    this_month = date(sent_at.year, sent_at.month, day)
    year, month = month_away(sent_at.date(), 1)
    return this_month if this_month >= sent_at.date() else date(year, month, day)


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
    (r"(?P<which>下个?|上个?|下一|本|这个?)季度?(?P<by>底|末|结束前|之?前)?|(?P<end>季末|季度末)", quarter_of),
    (rf"\b(?P<day>{'|'.join(ENGLISH_DAYS)})\b", _english_day),
    (
        rf"\b(?:(?P<which>next|this|last|coming|this coming) )?(?P<day>{_WEEKDAY})\b(?P<week> next week)?(?!\s?(?:\d{{4}}))",
        _english_weekday,
    ),
    (
        rf"\b(?P<month>{_MONTH})\.? (?:the )?(?P<day>{_ORDINAL})\b(?!:)(?:,? (?P<year>20\d\d))?",
        _english_date,
    ),
    (rf"\b(?:the )?(?P<day>{_ORDINAL}) (?:of )?(?P<month>{_MONTH})\b(?:,? (?P<year>20\d\d))?", _english_date),
    (
        rf"\b(?:(?P<part>early|mid|late|end of|the end of|beginning of)[ -]|(?<=in )|(?<=by )|"
        rf"(?<=until )|(?<=till )|(?<=from )|(?<=since )|(?<=for )|(?<=next )|(?<=before )|(?<=after ))"
        rf"(?P<month>{_MONTH})\b(?! \d{{1,2}}(?:st|nd|rd|th)?\b)(?:,? (?P<year>20\d\d))?",
        _english_month,
    ),
    (r"\bthe (?P<day>\d{1,2}(?:st|nd|rd|th))\b(?! (?:of|time|floor|quarter|version|one|seat|century))", _english_ordinal),
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
