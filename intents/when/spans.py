"""Spans of time: lasting (three days), or counted from now (in three days)."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from intents.numerals import number
from intents.understanding import Slot
from intents.when.patterns import Patterns, compiled
from intents.when.steps import month_away, same_day

_N = r"(?:\d{1,4}|[一二两三四五六七八九十半]{1,3})"
_EN_NUMBER = (
    r"(?:\d{1,4}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|sixty|ninety|"
    r"a couple of|a few|half an?)"
)
_ENGLISH_UNIT = r"(?:minutes?|mins?|hours?|hrs?|(?:business |working )?days?|weeks?|wks?|months?|years?|yrs?)"
CHINESE_SPAN = (
    r"(?!(?<=[上下])半年)"
    rf"(?<![\d.第下上一二三四五六七八九十零〇])(?P<number>{_N})(?:个(?P<half>半))?个?(?P<unit>分钟|小时|"
    rf"钟头|天(?!两头)|日|工作日|周|星期|礼拜|月|年(?![度级代龄底初末]))"
)
ENGLISH_SPAN = rf"(?P<number>{_EN_NUMBER})[ -](?P<unit>{_ENGLISH_UNIT})"
_UNIT_OF = {
    "分钟": "m",
    "小时": "H",
    "钟头": "H",
    "天": "D",
    "日": "D",
    "工作日": "D",
    "周": "W",
    "星期": "W",
    "礼拜": "W",
    "月": "M",
    "季度": "Q",
    "年": "Y",
    "minute": "m",
    "min": "m",
    "hour": "H",
    "hr": "H",
    "day": "D",
    "business day": "D",
    "working day": "D",
    "week": "W",
    "wk": "W",
    "month": "M",
    "quarter": "Q",
    "year": "Y",
    "yr": "Y",
}
_LEAST_YEAR = 50
_YEAR_IN_DIGITS = re.compile(r"[零〇一二三四五六七八九]{2,}")
_CONDITION = re.compile(
    r"\b(?:if|when|whenever|once|unless|no|not|never|nobody|nothing|without|any|worst|best|first|only|idle|untouched|"
    r"unanswered|unpaid|silent|\w+n['’]t|cannot|fails?|failed|overdue|inactive|late)\b[^.,;:!?\n]*$",
    re.IGNORECASE,
)
"""In the same clause before a span: nothing starts now."""
_DURATION_ZH = re.compile(rf"(?:{CHINESE_SPAN})(?P<more>半)?(?:以内|之内|内)?(?![后前]|之[后前]|以[后前])")
_A_RATE = re.compile(r"(?<!for)(?<!within)(?<!about)(?<!in)(?<!take)(?<!takes)(?<!least)(?<!than)(?<!last)(?<!after) $")
"""Before "a month": twenty a month is a rate, within a month is a span."""
_DURATION_EN = re.compile(rf"\b(?:{ENGLISH_SPAN})\b(?! (?:from now|later|ago))", re.IGNORECASE)


def _unless_a_condition(match: re.Match[str], sent_at: datetime) -> date | datetime | None:
    """In a condition (no reply in 48 hours) the span lasts, and does not count from now."""
    return None if _CONDITION.search(match.string, 0, match.start()) else from_now(match, sent_at)


def from_now(match: re.Match[str], sent_at: datetime) -> date | datetime | None:
    amount, unit = _amount(match["number"]), _unit(match["unit"])
    parts = match.groupdict()
    if amount is None:
        return None
    if parts.get("half"):
        amount += 0.5
    sign = -1 if parts.get("ago") else 1
    if unit in "Hm":
        minutes = amount * (60 if unit == "H" else 1)
        return (sent_at + timedelta(minutes=sign * minutes)).replace(second=0, microsecond=0)
    if unit == "M" and amount != int(amount):
        year, month = month_away(sent_at.date(), sign * int(amount))
        return same_day(sent_at.date(), year, month) + timedelta(days=sign * 15)
    if unit in "MY":
        year, month = month_away(sent_at.date(), sign * int(amount * (12 if unit == "Y" else 1)))
        return same_day(sent_at.date(), year, month)
    return sent_at.date() + timedelta(days=sign * int(amount * (7 if unit == "W" else 1)))


def _unit(said: str) -> str:
    """Return m, H, D, W, M or Y."""
    plain = said.lower()
    return _UNIT_OF.get(plain) or _UNIT_OF[plain.removesuffix("s")]


def _amount(said: str) -> float | None:
    plain = " ".join(said.lower().split())
    vague = {"a": 1, "an": 1, "a couple of": 2, "a few": 3, "half a": 0.5, "half an": 0.5, "半": 0.5}
    if plain in vague:
        return float(vague[plain])
    return None if "半" in plain else number(plain)


def find_durations(text: str) -> Iterator[Slot]:
    """Yield spans of time as ISO 8601 (PT48H, P3D, P6M); a span that counts from now is a date instead."""
    for pattern in (_DURATION_ZH, _DURATION_EN):
        for match in pattern.finditer(text):
            is_rate = _A_RATE.search(text, 0, match.start()) if match["number"].lower() in {"a", "an"} else None
            if is_rate is None and (value := _duration(match)) is not None:
                yield Slot("duration", match[0], match.start(), value)


def _duration(match: re.Match[str]) -> str | None:
    parts = match.groupdict()
    amount, unit = _amount(match["number"]), _unit(match["unit"])
    is_calendar = unit in "DM" and match["unit"] in {"日", "月"}
    if amount is None or not unit or (is_calendar and "个" not in match[0] and "内" not in match[0] and amount != 0.5):
        return None  # 3月 and 10日 are days of the calendar, 3个月 and 10日内 are not
    if unit == "Y" and (amount >= _LEAST_YEAR or _YEAR_IN_DIGITS.fullmatch(match["number"])):
        return None  # 2027年 and 九八年 are years
    if unit == "D" and amount == 0.5:
        return None  # half a day is as long as the house says, and no span that ISO 8601 could tell
    amount += 0.5 if parts.get("half") or parts.get("more") else 0
    if amount == int(amount):
        whole = int(amount)
        return f"PT{whole}{unit.upper()}" if unit in "Hm" else f"P{whole}{unit}"
    return _broken(amount, unit)


def _broken(amount: float, unit: str) -> str | None:
    """Return a span with a half: half a year is six months, one and a half hours PT1H30M."""
    whole = int(amount)
    half = {"H": "T30M", "Y": "6M", "M": "15D", "D": "T12H"}.get(unit)
    if half is None:
        return None
    if unit == "H":
        return f"PT{whole}H30M" if whole else "PT30M"
    return f"P{whole}{unit}{half}" if whole else f"P{half}"


PATTERNS: Patterns = compiled(
    (rf"(?:{CHINESE_SPAN})(?:之后|以后|后(?![天年台]))", from_now),
    (rf"(?:{CHINESE_SPAN})(?P<ago>之前|以前|前(?![台面期]))", from_now),
    (
        rf"\b(?:in|after)\s(?:{ENGLISH_SPAN})(?:['’]?s?['’]? time)?\b"
        r"(?![ -](?:groups?|olds?|contracts?|plans?|deals?|terms?|warrant\w+|blocks?|slots?|increments?"
        r"|instal\w+|periods?)\b)",
        _unless_a_condition,
    ),
    (rf"\b(?:{ENGLISH_SPAN})\s(?:from now|later)\b", from_now),
    (rf"\b(?:{ENGLISH_SPAN})\s(?P<ago>ago)\b", from_now),
)
