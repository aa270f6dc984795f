"""The hour that is said with a day, or alone."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from intents.numerals import number
from intents.understanding import Slot
from intents.when.patterns import CALENDAR_NUMBER
from intents.when.words import AFTERNOON_PARTS, CHINESE_PARTS, ENGLISH_PARTS

_CHINESE_TIME = re.compile(
    rf"\s?的?(?P<part>{'|'.join(CHINESE_PARTS)})?\s?"
    rf"(?:(?P<hour>{CALENDAR_NUMBER})\s?(?:点钟?|點|时(?!候|间))(?:(?P<half>半)|(?P<quarter>[一三])刻|整|(?P<minute>[0-5]?\d|[一二三四五]?十[一二三四五六七八九]?)分?)?"
    r"|(?P<clock>[012]?\d)[:：](?P<clock_minute>[0-5]\d))?"
)
_ENGLISH_TIME = re.compile(
    r",?\s?(?:in the |this )?(?P<part>morning|noon|midday|lunchtime|afternoon|evening|"
    r"night)?,?\s?(?:at|by|around|@|from)?\s?"
    r"(?:(?P<hour>1[0-2]|0?[1-9])(?:[:.](?P<minute>[0-5]\d))?\s?(?P<half>[ap])\.?m\b\.?"
    r"|(?P<clock>[012]?\d):(?P<clock_minute>[0-5]\d)"
    r"|(?<=at )(?P<bare>1[0-2]|[1-9])(?![\d%.,]*\d|[a-z%]| ?percent)|(?P<noon>noon|midday|midnight))?",
    re.IGNORECASE,
)
_TIME_ALONE = re.compile(
    rf"(?P<zh>(?:{'|'.join(CHINESE_PARTS)})\s?{CALENDAR_NUMBER}\s?(?:点|點)(?:半|[一三]刻|[0-5]?\d分?)?|(?:下午|上午|晚上|早上)[012]?\d[:：][0-5]\d"
    rf"|(?<![\d一二三四五六七八九十个.]){CALENDAR_NUMBER}(?:点钟|点半))"
    r"|\b(?P<en>(?:1[0-2]|0?[1-9])(?:[:.][0-5]\d)?\s?[ap]\.?m\b|(?<=at )[012]?\d:[0-5]\d\b)",
    re.IGNORECASE,
)


def hour_behind(text: str, start: int, end: int) -> tuple[int, int | None]:
    """Look for an hour directly behind the word for a day, which stands from `start` to `end`.

    Return where the whole expression ends and the minute of the day, or None where only the day is said.
    """
    said = text[start:end]
    for pattern, read in ((_CHINESE_TIME, _chinese_hour), (_ENGLISH_TIME, _english_hour)):
        match = pattern.match(text, end)
        if match and (minute := read(match, said)) is not None:
            return end + len(match[0].rstrip(" ,")), minute
    return end, _hour_within(said)


def _hour_within(said: str) -> int | None:
    """Return the minute of the day that the word for the day itself tells: 明晚, 今早, tonight."""
    if said[-1] in "早朝晚":
        return CHINESE_PARTS[said[-1]] * 60
    return ENGLISH_PARTS["night"] * 60 if said.lower() == "tonight" else None


def _chinese_hour(match: re.Match[str], said: str) -> int | None:
    part = match["part"] or (said[-1] if said[-1] in "早朝晚" else None)
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
    return minutes_of(hour, minute)


def _english_hour(match: re.Match[str], said: str) -> int | None:
    part = (match["part"] or ("night" if said.lower() == "tonight" else "")).lower()
    if match["noon"]:
        return 0 if match["noon"].lower() == "midnight" else 12 * 60
    if match["hour"]:
        return minutes_of(int(match["hour"]) % 12 + (12 if match["half"].lower() == "p" else 0), int(match["minute"] or 0))
    if match["clock"]:
        hour, minute = int(match["clock"]), int(match["clock_minute"])
        return minutes_of(hour + 12 if part in AFTERNOON_PARTS and hour < 12 else hour, minute)
    if match["bare"]:
        hour = int(match["bare"])
        is_afternoon = part in AFTERNOON_PARTS or (part != "morning" and hour <= 6)
        return minutes_of(hour + 12 if is_afternoon and hour < 12 else hour, 0)
    return ENGLISH_PARTS[part] * 60 if part and match["part"] else None


def minutes_of(hour: int, minute: int) -> int | None:
    return hour * 60 + minute if 0 <= hour <= 24 and 0 <= minute < 60 else None


def times_alone(text: str, sent_at: datetime) -> Iterator[Slot]:
    """Yield hours said without a day: the next time the clock shows them."""
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
        yield Slot("date", match[0], match.start(), iso(moment))


def iso(moment: datetime) -> str:
    """Return a moment to the minute as ISO 8601 with its offset."""
    return moment.replace(second=0, microsecond=0).isoformat()
