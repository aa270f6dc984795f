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


_NO_NUMBER = r"(?<![几多数来余半整当同近早去今明后本全第\d零〇一二两三四五六七八九十百千万])"
"""十几年前 is no time before the New Year."""
_NO_COMPOUND = r"(?<![细环章季情调关枝礼音末骨脱秋午明斋诞宵阳夕动庆师童女亲人光冬时])"
"""细节后议 speaks of details, 开斋节后 of another festival."""
_NEW_YEAR = r"(?<![通超经不没难])过年"

PATTERNS: Patterns = compiled(
    (rf"(?<![\d/.-])(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}})(?![\d/-]|\.\d){BEFORE}", _numeric),
    (
        r"(?<![\d/.,$¥-])(?P<year>)(?P<month>1[0-2]|0?[1-9])/(?P<day>[0-3]?\d)(?![\d/%])(?!\s?(?:inch|in mm|mm|寸|台|"
        r"套|个|页))" + BEFORE,
        _numeric,
    ),
    (
        r"(?P<name>元旦|五一|劳动节|国庆节?|圣诞节?|(?<=过)十一|\bchristmas\b|\bxmas\b|"
        r"\bnew year(?:'s)?\b)(?:假期|长假|节)?(?P<after>之?后|以后|完|回来)?",
        _holiday,
    ),
    (
        rf"(?:(?P<after>过完(?:大?年|春节)|春节(?:过|之|以)?后|{_NO_NUMBER}年后(?!果)|{_NO_COMPOUND}节后|过了年|"
        r"after (?:the )?(?:chinese new year|cny|spring festival))"
        rf"|(?P<before>{_NO_NUMBER}年前|{_NO_COMPOUND}节前|春节前|{_NEW_YEAR}前|before (?:the )?(?:chinese new year|cny|"
        rf"spring festival))|春节|{_NEW_YEAR}(?![度限份]|来[的都])|chinese new year|spring festival)",
        _spring_festival,
    ),
)
