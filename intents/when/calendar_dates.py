"""Days that both languages write alike: figures, and the holidays of the year."""

import re
from datetime import date, datetime, timedelta

from intents.when.patterns import BEFORE, Patterns, compiled
from intents.when.steps import upcoming
from intents.when.words import FIXED_HOLIDAYS, HOLIDAY_LENGTH, SPRING_FESTIVAL_LENGTH, SPRING_FESTIVALS


def _numeric(match: re.Match[str], sent_at: datetime) -> date:
    year, month, day = match["year"], int(match["month"]), int(match["day"])
    return date(int(year), month, day) if year else upcoming(sent_at, month, day)


def _holiday(match: re.Match[str], sent_at: datetime) -> date:
    name = match["name"].lower().removesuffix("节")
    month, day = FIXED_HOLIDAYS.get(match["name"].lower()) or FIXED_HOLIDAYS[name]
    starts = date(sent_at.year, month, day)
    if starts < sent_at.date():
        starts = date(sent_at.year + 1, month, day)
    return starts + timedelta(days=HOLIDAY_LENGTH.get(name, 1)) if match["after"] else starts


def _spring_festival(match: re.Match[str], sent_at: datetime) -> date | None:
    coming = next((day for day in SPRING_FESTIVALS if day >= sent_at.date()), None)
    if coming is None or coming.year > sent_at.year + 1:
        return None
    if match["after"]:
        return coming + timedelta(days=SPRING_FESTIVAL_LENGTH - 1)
    return coming - timedelta(days=1) if match["before"] else coming


PATTERNS: Patterns = compiled(
    (rf"(?<![\d/.-])(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}})(?![\d/-]|\.\d){BEFORE}", _numeric),
    (
        r"(?<![\d/.,$¥-])(?P<year>)(?P<month>1[0-2]|0?[1-9])/(?P<day>[0-3]?\d)(?![\d/%])(?!\s?(?:inch|台|"
        r"套|个|页))" + BEFORE,
        _numeric,
    ),
    (
        r"(?P<name>元旦|五一|劳动节|国庆节?|圣诞节?|(?<=过)十一|\bchristmas\b|\bxmas\b|"
        r"\bnew year(?:'s)?\b)(?:假期|长假|节)?(?P<after>之?后|以后|完|回来)?",
        _holiday,
    ),
    (
        r"(?:(?P<after>过完(?:大?年|春节)|春节(?:过|之|以)?后|年后|节后|过了年|"
        r"after (?:the )?(?:chinese new year|cny|spring festival))"
        r"|(?P<before>年前|节前|春节前|过年前|before (?:the )?(?:chinese new year|cny|"
        r"spring festival))|春节|过年|chinese new year|spring festival)",
        _spring_festival,
    ),
)
