"""Slots of time: dates resolved against the moment and zone of the message, and durations."""

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from intents.calendar_words import (
    AFTERNOON_PARTS,
    CHINESE_DAYS,
    CHINESE_PARTS,
    CHINESE_WEEKDAYS,
    ENGLISH_DAYS,
    ENGLISH_MONTHS,
    ENGLISH_PARTS,
    ENGLISH_WEEKDAYS,
    FIXED_HOLIDAYS,
    HOLIDAY_LENGTH,
    SPRING_FESTIVAL_LENGTH,
    SPRING_FESTIVALS,
)
from intents.numerals import number
from intents.understanding import Slot


@dataclass(frozen=True)
class _Day:
    """A day, found somewhere; `moment` when the expression already says the hour."""

    start: int
    end: int
    day: date
    moment: datetime | None = None


_Resolve = Callable[[re.Match[str], datetime], date | datetime | None]

_N = r"(?:\d{1,4}|[一二两三四五六七八九十半]{1,3})"
_CALENDAR_NUMBER = r"(?:\d{1,2}|[一二三四五六七八九十]{1,3})"
_BORDER = r"(?<![\d.一二三四五六七八九十])"
_EN_NUMBER = (
    r"(?:\d{1,4}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|sixty|ninety|"
    r"a couple of|a few|half an?)"
)
_WEEKDAY = "|".join(sorted(ENGLISH_WEEKDAYS, key=len, reverse=True))
_MONTH = "|".join(sorted(ENGLISH_MONTHS, key=len, reverse=True))
_ORDINAL = r"\d{1,2}(?:st|nd|rd|th)?"
_BEFORE = r"(?:之前|以前|前(?![天日年台面期]))?"


def find_dates(text: str, sent_at: datetime) -> Iterator[Slot]:
    """Yield dates as ISO 8601: a day, or with an hour said a date-time with the offset of the message's zone."""
    taken = 0
    for found in _without_overlap(_days(text, sent_at)):
        if found.start < taken:
            continue
        end, value = _with_time(text, found, sent_at)
        taken = end
        yield Slot("date", text[found.start : end], found.start, value)
    yield from _times_alone(text, sent_at)


def _days(text: str, sent_at: datetime) -> Iterator[_Day]:
    for pattern, resolve in _PATTERNS:
        for match in pattern.finditer(text):
            try:
                said = resolve(match, sent_at)
            except (ValueError, OverflowError):
                continue
            if isinstance(said, datetime):
                yield _Day(match.start(), match.end(), said.date(), said)
            elif said is not None:
                yield _Day(match.start(), match.end(), said)


def _without_overlap(found: Iterator[_Day]) -> list[_Day]:
    kept: list[_Day] = []
    for one in sorted(found, key=lambda day: (day.start, -day.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


# --- the hour after a day ---------------------------------------------------------------------------

_CHINESE_TIME = re.compile(
    rf"\s?的?(?P<part>{'|'.join(CHINESE_PARTS)})?\s?"
    rf"(?:(?P<hour>{_CALENDAR_NUMBER})\s?(?:点钟?|點|时(?!候|间))(?:(?P<half>半)|(?P<quarter>[一三])刻|整|(?P<minute>[0-5]?\d|[一二三四五]?十[一二三四五六七八九]?)分?)?"
    r"|(?P<clock>[012]?\d)[:：](?P<clock_minute>[0-5]\d))?"
)
_ENGLISH_TIME = re.compile(
    r",?\s?(?:in the |this )?(?P<part>morning|noon|midday|lunchtime|afternoon|evening|night)?,?\s?(?:at|by|around|@|from)?\s?"
    r"(?:(?P<hour>1[0-2]|0?[1-9])(?:[:.](?P<minute>[0-5]\d))?\s?(?P<half>[ap])\.?m\b\.?"
    r"|(?P<clock>[012]?\d):(?P<clock_minute>[0-5]\d)"
    r"|(?<=at )(?P<bare>1[0-2]|[1-9])(?![\d%.,]*\d|[a-z%]| ?percent)|(?P<noon>noon|midday|midnight))?",
    re.IGNORECASE,
)


def _with_time(text: str, found: _Day, sent_at: datetime) -> tuple[int, str]:
    """Return where the expression ends and its value, an hour directly behind the day included."""
    if found.moment is not None:
        return found.end, _iso(found.moment)
    said = text[found.start : found.end]
    end, hour = found.end, _hour_within(said)
    for pattern, read in ((_CHINESE_TIME, _chinese_hour), (_ENGLISH_TIME, _english_hour)):
        match = pattern.match(text, found.end)
        if match and (time := read(match, said)) is not None:
            end, hour = found.end + len(match[0].rstrip(" ,")), time
            break
    if hour is None:
        return found.end, found.day.isoformat()
    moment = datetime(found.day.year, found.day.month, found.day.day, tzinfo=sent_at.tzinfo)
    return end, _iso(moment + timedelta(minutes=hour))


def _hour_within(said: str) -> int | None:
    """Return the minute of the day that the word for the day itself tells: 明晚, 今早, tonight."""
    if said[-1] in "早晚":
        return CHINESE_PARTS[said[-1]] * 60
    return ENGLISH_PARTS["night"] * 60 if said.lower() == "tonight" else None


def _chinese_hour(match: re.Match[str], said: str) -> int | None:
    part = match["part"] or (said[-1] if said[-1] in "早晚" else None)
    if match["clock"]:
        hour, minute = int(match["clock"]), int(match["clock_minute"])
    elif match["hour"]:
        hour = int(number(match["hour"]) or 0)
        minute = 30 if match["half"] else 15 * int(number(match["quarter"]) or 0) if match["quarter"] else 0
        minute = int(number(match["minute"]) or 0) if match["minute"] else minute
    else:
        return CHINESE_PARTS[match["part"]] * 60 if match["part"] else None
    if part in AFTERNOON_PARTS and hour < 12:
        hour += 12
    if part == "中午" and hour < 3:
        hour += 12
    if part is None and match["hour"] and 1 <= hour <= 6:
        hour += 12  # 三点 among business people is in the afternoon
    return _minutes(hour, minute)


def _english_hour(match: re.Match[str], said: str) -> int | None:
    part = (match["part"] or ("night" if said.lower() == "tonight" else "")).lower()
    if match["noon"]:
        return 0 if match["noon"].lower() == "midnight" else 12 * 60
    if match["hour"]:
        return _minutes(int(match["hour"]) % 12 + (12 if match["half"].lower() == "p" else 0), int(match["minute"] or 0))
    if match["clock"]:
        hour, minute = int(match["clock"]), int(match["clock_minute"])
        return _minutes(hour + 12 if part in AFTERNOON_PARTS and hour < 12 else hour, minute)
    if match["bare"]:
        hour = int(match["bare"])
        is_afternoon = part in AFTERNOON_PARTS or (part != "morning" and hour <= 6)
        return _minutes(hour + 12 if is_afternoon and hour < 12 else hour, 0)
    return ENGLISH_PARTS[part] * 60 if part and match["part"] else None


def _minutes(hour: int, minute: int) -> int | None:
    return hour * 60 + minute if 0 <= hour <= 24 and 0 <= minute < 60 else None


_TIME_ALONE = re.compile(
    rf"(?P<zh>(?:{'|'.join(CHINESE_PARTS)})\s?{_CALENDAR_NUMBER}\s?(?:点|點)(?:半|[一三]刻|[0-5]?\d分?)?|(?:下午|上午|晚上|早上)[012]?\d[:：][0-5]\d"
    rf"|(?<![\d一二三四五六七八九十个.]){_CALENDAR_NUMBER}(?:点钟|点半))"
    r"|\b(?P<en>(?:1[0-2]|0?[1-9])(?:[:.][0-5]\d)?\s?[ap]\.?m\b|(?<=at )[012]?\d:[0-5]\d\b)",
    re.IGNORECASE,
)


def _times_alone(text: str, sent_at: datetime) -> Iterator[Slot]:
    """Yield hours said without a day: the next time the clock shows them. Those behind a day overlap it."""
    for match in _TIME_ALONE.finditer(text):
        pattern, read = (_CHINESE_TIME, _chinese_hour) if match["zh"] else (_ENGLISH_TIME, _english_hour)
        time = pattern.match(match[0])
        minutes = read(time, " ") if time else None
        if minutes is None:
            continue
        midnight = sent_at.replace(hour=0, minute=0, second=0, microsecond=0)
        try:
            moment = midnight + timedelta(minutes=minutes)
            moment += timedelta(days=1 if moment <= sent_at else 0)
        except OverflowError:
            continue
        yield Slot("date", match[0], match.start(), _iso(moment))


def _iso(moment: datetime) -> str:
    return moment.replace(second=0, microsecond=0).isoformat()


# --- days -------------------------------------------------------------------------------------------


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _month(day: date, step: int) -> tuple[int, int]:
    """Return year and month so many months away."""
    years, month = divmod(day.month - 1 + step, 12)
    return day.year + years, month + 1


def _last_of_month(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def _upcoming(sent_at: datetime, month: int, day: int) -> date:
    """Return that day this year, or next year when it is long past (people speak of last month, too)."""
    this_year = date(sent_at.year, month, day)
    return this_year if this_year >= sent_at.date() - timedelta(days=60) else date(sent_at.year + 1, month, day)


def _chinese_day(match: re.Match[str], sent_at: datetime) -> date:
    return sent_at.date() + timedelta(days=CHINESE_DAYS[match["day"]])


def _english_day(match: re.Match[str], sent_at: datetime) -> date:
    return sent_at.date() + timedelta(days=ENGLISH_DAYS[" ".join(match["day"].lower().split())])


def _chinese_weekday(match: re.Match[str], sent_at: datetime) -> date:
    weekday = CHINESE_WEEKDAYS[match["day"]]
    prefix = match["which"] or ""
    weeks = prefix.count("下") - prefix.count("上")
    if weeks or prefix:
        return _monday(sent_at.date()) + timedelta(days=7 * weeks + weekday)
    return sent_at.date() + timedelta(days=(weekday - sent_at.weekday()) % 7)


def _chinese_week(match: re.Match[str], sent_at: datetime) -> date:
    prefix = match["which"]
    weeks = prefix.count("下") - prefix.count("上")
    return _monday(sent_at.date()) + timedelta(days=7 * weeks + (4 if match["by"] else 0))


def _english_weekday(match: re.Match[str], sent_at: datetime) -> date:
    weekday = ENGLISH_WEEKDAYS[match["day"].lower()]
    which = (match["which"] or "").lower()
    if "next week" in which or "week" in (match["week"] or "").lower() or which.startswith("next"):
        return _monday(sent_at.date()) + timedelta(days=7 + weekday)
    if which.startswith("last"):
        return sent_at.date() - timedelta(days=(sent_at.weekday() - weekday - 1) % 7 + 1)
    return sent_at.date() + timedelta(days=(weekday - sent_at.weekday()) % 7)


def _chinese_month_end(match: re.Match[str], sent_at: datetime) -> date:
    prefix = match["which"] or ""
    year, month = _month(sent_at.date(), prefix.count("下") - prefix.count("上"))
    return _part_of_month(year, month, match["part"])


def _part_of_month(year: int, month: int, part: str | None) -> date:
    if part in {"底", "末"}:
        return _last_of_month(year, month)
    return date(year, month, {"中旬": 11, "中": 15, "下旬": 21}.get(part or "", 1))


def _chinese_date(match: re.Match[str], sent_at: datetime) -> date | None:
    month = int(number(match["month"]) or 0)
    said_day = match["day"]
    year = _said_year(match["year"], sent_at)
    if said_day is None:
        if not 1 <= month <= 12:
            return None
        day = _part_of_month(year or sent_at.year, month, match["part"])
        is_past = year is None and _last_of_month(day.year, day.month) < sent_at.date()
        return _part_of_month(day.year + 1, month, match["part"]) if is_past else day
    day_number = int(number(said_day) or 0)
    return date(year, month, day_number) if year else _upcoming(sent_at, month, day_number)


def _said_year(said: str | None, sent_at: datetime) -> int | None:
    if not said:
        return None
    relative = {"今年": 0, "本年": 0, "明年": 1, "后年": 2, "去年": -1}
    if said in relative:
        return sent_at.year + relative[said]
    digits = int(said.rstrip("年"))
    return digits + 2000 if digits < 100 else digits


def _chinese_day_of_month(match: re.Match[str], sent_at: datetime) -> date:
    day = int(number(match["day"]) or 0)
    prefix = match["which"] or ""
    if prefix:
        year, month = _month(sent_at.date(), prefix.count("下") - prefix.count("上"))
        return date(year, month, day)
    this_month = date(sent_at.year, sent_at.month, day)
    if this_month >= sent_at.date():
        return this_month
    year, month = _month(sent_at.date(), 1)
    return date(year, month, day)


def _chinese_year(match: re.Match[str], sent_at: datetime) -> date:
    year = _said_year(match["year"] or "今年", sent_at) or sent_at.year
    return {"底": date(year, 12, 31), "末": date(year, 12, 31), "中": date(year, 6, 30), "初": date(year, 1, 1)}[match["part"]]


def _quarter(match: re.Match[str], sent_at: datetime) -> date:
    """A quarter named by number is the current or a coming one; its first day, or its last when something is due by it."""
    parts = match.groupdict()
    year = _said_year(parts.get("year"), sent_at)
    if said := parts.get("number") or parts.get("q"):
        quarter = int(number(said) or 0)
        is_past = year is None and quarter < (sent_at.month + 2) // 3
        first_year = (year or sent_at.year) + (1 if is_past else 0)
    else:
        which = (parts.get("which") or "").lower()
        step = 1 if which in {"下", "下个", "下一", "next"} else -1 if which in {"上", "上个", "last"} else 0
        years, index = divmod((sent_at.month - 1) // 3 + step, 4)
        first_year, quarter = sent_at.year + years, index + 1
    month = 3 * quarter - 2
    is_deadline = bool(parts.get("by") or parts.get("end"))
    return _last_of_month(first_year, month + 2) if is_deadline else date(first_year, month, 1)


def _numeric(match: re.Match[str], sent_at: datetime) -> date:
    year, month, day = match["year"], int(match["month"]), int(match["day"])
    return date(int(year), month, day) if year else _upcoming(sent_at, month, day)


def _english_date(match: re.Match[str], sent_at: datetime) -> date:
    month = ENGLISH_MONTHS[match["month"].lower()]
    day = int(re.sub(r"\D", "", match["day"]))
    return date(int(match["year"]), month, day) if match["year"] else _upcoming(sent_at, month, day)


def _english_month(match: re.Match[str], sent_at: datetime) -> date:
    month = ENGLISH_MONTHS[match["month"].lower()]
    year = int(match["year"]) if match["year"] else sent_at.year + (1 if month < sent_at.month else 0)
    part = (match["part"] or "").lower()
    if part.startswith(("end", "late")):
        return _last_of_month(year, month)
    return date(year, month, 15 if part.startswith("mid") else 1)


def _english_ordinal(match: re.Match[str], sent_at: datetime) -> date:
    day = int(re.sub(r"\D", "", match["day"]))
    this_month = date(sent_at.year, sent_at.month, day)
    year, month = _month(sent_at.date(), 1)
    return this_month if this_month >= sent_at.date() else date(year, month, day)


def _english_period(match: re.Match[str], sent_at: datetime) -> date:
    which, unit = (match["which"] or "this").lower(), match["unit"].lower()
    step = {"next": 1, "last": -1}.get(which, 0)
    is_end = bool(match["end"])
    today = sent_at.date()
    if unit == "day":
        return today
    if unit == "week":
        return _monday(today) + timedelta(days=7 * step + (4 if is_end else 0))
    if unit == "month":
        year, month = _month(today, step)
        return _last_of_month(year, month) if is_end else date(year, month, 1)
    return date(today.year + step, 12, 31) if is_end else date(today.year + step, 1, 1)


def _short_deadline(match: re.Match[str], sent_at: datetime) -> date:
    today = sent_at.date()
    ends = {
        "eod": today,
        "cob": today,
        "eow": _monday(today) + timedelta(days=4),
        "eom": _last_of_month(today.year, today.month),
        "month-end": _last_of_month(today.year, today.month),
        "month end": _last_of_month(today.year, today.month),
        "year-end": date(today.year, 12, 31),
        "year end": date(today.year, 12, 31),
        "eoy": date(today.year, 12, 31),
    }
    return ends[match[0].lower()]


def _from_now(match: re.Match[str], sent_at: datetime) -> date | datetime | None:
    amount, unit = _amount(match["number"]), _UNIT_OF[match["unit"].lower().removesuffix("s")]
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
        year, month = _month(sent_at.date(), sign * int(amount))
        return _same_day(sent_at.date(), year, month) + timedelta(days=sign * 15)
    if unit in "MY":
        year, month = _month(sent_at.date(), sign * int(amount * (12 if unit == "Y" else 1)))
        return _same_day(sent_at.date(), year, month)
    return sent_at.date() + timedelta(days=sign * int(amount * (7 if unit == "W" else 1)))


def _same_day(day: date, year: int, month: int) -> date:
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


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
_CHINESE_UNIT = r"(?:分钟|个?小时|个钟头|天|个?工作日|周|个?星期|个?礼拜|个月|年)"
_ENGLISH_UNIT = r"(?:minutes?|mins?|hours?|hrs?|(?:business |working )?days?|weeks?|wks?|months?|years?|yrs?)"


def _amount(said: str) -> float | None:
    plain = " ".join(said.lower().split())
    vague = {"a": 1, "an": 1, "a couple of": 2, "a few": 3, "half a": 0.5, "half an": 0.5, "半": 0.5}
    if plain in vague:
        return float(vague[plain])
    return None if "半" in plain else number(plain)


_CHINESE_SPAN = rf"(?<![\d.第一二三四五六七八九十零])(?P<number>{_N})(?:个(?P<half>半))?个?(?P<unit>分钟|小时|钟头|天|日|工作日|周|星期|礼拜|月|年)"
_ENGLISH_SPAN = rf"(?P<number>{_EN_NUMBER})[ -](?P<unit>{_ENGLISH_UNIT})"

_PATTERNS: tuple[tuple[re.Pattern[str], _Resolve], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), resolve)
    for pattern, resolve in (
        (rf"(?<![\d/.-])(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}})(?![\d/-]|\.\d){_BEFORE}", _numeric),
        (r"(?<![\d/.,$¥-])(?P<year>)(?P<month>1[0-2]|0?[1-9])/(?P<day>[0-3]?\d)(?![\d/%])(?!\s?(?:台|套|个|页))" + _BEFORE, _numeric),
        (rf"(?P<day>{'|'.join(sorted(CHINESE_DAYS, key=len, reverse=True))})", _chinese_day),
        (rf"(?P<which>[上下]{{1,2}}个?|这个?|本)?(?:周|星期|礼拜)(?P<day>[一二三四五六日天末1-7])(?![\d年个月小])", _chinese_weekday),
        (rf"(?P<which>[上下]{{1,2}}个?|这个?|本)(?:周|星期|礼拜)(?P<by>[内底]|之内)?(?![一二三四五六日天末1-7期年])(?:初)?{_BEFORE}", _chinese_week),
        (
            rf"(?P<which>[上下]个?|这个?|本|当)?月(?P<part>底|末|初|中旬|上旬|下旬|中(?!旬|[国心间]))(?:之?前)?",
            _chinese_month_end,
        ),
        (rf"(?P<which>[上下]个?|这个?|本)月(?P<part>)(?![底末初中上下\d一二三四五六七八九十份])份?{_BEFORE}", _chinese_month_end),
        (
            rf"(?P<year>\d{{4}}年|\d{{2}}年|今年|明年|后年|去年|本年)?{_BORDER}(?P<month>{_CALENDAR_NUMBER})月"
            rf"(?:(?P<day>{_CALENDAR_NUMBER})[日号號]?|份?(?P<part>底|末|初|中旬|上旬|下旬|中(?![国心间]))|份)?{_BEFORE}",
            _chinese_date,
        ),
        (rf"(?P<which>[上下]个?月|这个?月|本月)?{_BORDER}(?P<day>{_CALENDAR_NUMBER})[号號](?![楼院线仓机码店车门库院\d]){_BEFORE}", _chinese_day_of_month),
        (rf"(?P<year>今年|明年|后年|去年|\d{{4}}年)?年?(?P<part>(?<=年)[底末中初])(?![学国]){_BEFORE}", _chinese_year),
        (
            r"(?P<year>今年|明年|去年|\d{4}年?)?\s?(?:第?(?P<number>[一二三四1-4])季度?|\bQ(?P<q>[1-4]))(?P<by>底|末|结束前|之?前)?",
            _quarter,
        ),
        (r"(?P<which>下个?|上个?|下一|本|这个?)季度?(?P<by>底|末|结束前|之?前)?|(?P<end>季末|季度末)", _quarter),
        (rf"(?:{_CHINESE_SPAN})(?:之后|以后|后(?![天年台]))", _from_now),
        (rf"(?:{_CHINESE_SPAN})(?P<ago>之前|以前|前(?![台面期]))", _from_now),
        (rf"\b(?:in|after)\s(?:{_ENGLISH_SPAN})(?:['’]s? time)?\b", _from_now),
        (rf"\b(?:{_ENGLISH_SPAN})\s(?:from now|later)\b", _from_now),
        (rf"\b(?:{_ENGLISH_SPAN})\s(?P<ago>ago)\b", _from_now),
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
            rf"\b(?:(?P<part>early|mid|late|end of|the end of|beginning of)[ -]|(?<=in )|(?<=by )|(?<=until )|(?<=till )|(?<=from )|(?<=since )|(?<=for )|(?<=next )|(?<=before )|(?<=after ))"
            rf"(?P<month>{_MONTH})\b(?! \d{{1,2}}(?:st|nd|rd|th)?\b)(?:,? (?P<year>20\d\d))?",
            _english_month,
        ),
        (r"\b(?:on |by |before |until )?the (?P<day>\d{1,2}(?:st|nd|rd|th))\b(?! (?:of|time|floor|quarter|version|one|seat|century))", _english_ordinal),
        (
            r"\b(?P<end>(?:the )?end of (?:the )?|(?:the )?close of (?:the )?)?(?P<which>next|this|last)? ?(?P<unit>week|month|year|day)\b(?<!the)",
            lambda match, sent_at: _english_period(match, sent_at) if match["end"] or (match["which"] and match["unit"].lower() != "day") else None,
        ),
        (
            r"\b(?P<end>(?:the )?end of )?(?P<which>next|this|last) (?:financial |fiscal )?quarter\b|\b(?P<end2>(?:the )?end of (?:the )?quarter)\b",
            lambda match, sent_at: _quarter(match, sent_at) if not match["end2"] else _end_of_quarter(sent_at),
        ),
        (
            r"\b(?P<end>(?:the )?end of |by )Q(?P<q>[1-4])\b(?: (?P<year>20\d\d))?",
            _quarter,
        ),
        (r"\b(?:EOD|COB|EOW|EOM|EOY|month[- ]end|year[- ]end)\b", _short_deadline),
        (
            r"(?P<name>元旦|五一|劳动节|国庆节?|圣诞节?|(?<=过)十一|\bchristmas\b|\bxmas\b|\bnew year(?:'s)?\b)(?:假期|长假|节)?(?P<after>之?后|以后|完|回来)?",
            _holiday,
        ),
        (
            r"(?:(?P<after>过完(?:大?年|春节)|春节(?:过|之|以)?后|年后|节后|过了年|after (?:the )?(?:chinese new year|cny|spring festival))"
            r"|(?P<before>年前|节前|春节前|过年前|before (?:the )?(?:chinese new year|cny|spring festival))|春节|过年|chinese new year|spring festival)",
            _spring_festival,
        ),
    )
)


def _end_of_quarter(sent_at: datetime) -> date:
    return _last_of_month(sent_at.year, 3 * ((sent_at.month + 2) // 3))


# --- durations --------------------------------------------------------------------------------------

_DURATION_ZH = re.compile(rf"(?:{_CHINESE_SPAN})(?P<more>半)?(?:以内|之内|内)?(?![后前]|之[后前]|以[后前])")
_DURATION_EN = re.compile(rf"\b(?<!in )(?<!after )(?:{_ENGLISH_SPAN})\b(?! (?:from now|later|ago))", re.IGNORECASE)


def find_durations(text: str) -> Iterator[Slot]:
    """Yield spans of time as ISO 8601 (PT48H, P3D, P6M); a span that counts from now is a date instead."""
    for pattern in (_DURATION_ZH, _DURATION_EN):
        for match in pattern.finditer(text):
            if (value := _duration(match)) is not None:
                yield Slot("duration", match[0], match.start(), value)


def _duration(match: re.Match[str]) -> str | None:
    parts = match.groupdict()
    amount, unit = _amount(match["number"]), _UNIT_OF.get(match["unit"].lower(), _UNIT_OF.get(match["unit"].lower().removesuffix("s"), ""))
    is_calendar = unit in "DM" and match["unit"] in {"日", "月"}
    if amount is None or not unit or (is_calendar and "个" not in match[0] and "内" not in match[0] and amount != 0.5):
        return None  # 3月 and 10日 are days of the calendar, 3个月 and 10日内 are not
    if unit == "Y" and amount > 100:
        return None  # 2027年 is a year
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
