"""Days as Chinese names them."""

import re
from datetime import date, datetime, timedelta

from intents.numerals import number
from intents.when.patterns import BEFORE, CALENDAR_NUMBER, Patterns, compiled
from intents.when.quarters import quarter_of, said_year
from intents.when.steps import last_of_month, monday, month_away, part_of_month, upcoming
from intents.when.words import CHINESE_DAYS, CHINESE_WEEKDAYS

_BORDER = r"(?<![\d.一二三四五六七八九十])"


def _chinese_day(match: re.Match[str], sent_at: datetime) -> date:
    return sent_at.date() + timedelta(days=CHINESE_DAYS[match["day"]])


def _chinese_weekday(match: re.Match[str], sent_at: datetime) -> date:
    weekday = CHINESE_WEEKDAYS[match["day"]]
    prefix = match["which"] or ""
    weeks = prefix.count("下") - prefix.count("上")
    if weeks or prefix:
        return monday(sent_at.date()) + timedelta(days=7 * weeks + weekday)
    return sent_at.date() + timedelta(days=(weekday - sent_at.weekday()) % 7)


def _chinese_week(match: re.Match[str], sent_at: datetime) -> date:
    prefix = match["which"]
    weeks = prefix.count("下") - prefix.count("上")
    return monday(sent_at.date()) + timedelta(days=7 * weeks + (4 if match["by"] else 0))


def _chinese_month_end(match: re.Match[str], sent_at: datetime) -> date:
    prefix = match["which"] or ""
    year, month = month_away(sent_at.date(), prefix.count("下") - prefix.count("上"))
    return part_of_month(year, month, match["part"])


def _chinese_date(match: re.Match[str], sent_at: datetime) -> date | None:
    month = int(number(match["month"]) or 0)
    said_day = match["day"]
    year = said_year(match["year"], sent_at)
    if said_day is None:
        if not 1 <= month <= 12:
            return None
        day = part_of_month(year or sent_at.year, month, match["part"])
        is_past = year is None and last_of_month(day.year, day.month) < sent_at.date()
        return part_of_month(day.year + 1, month, match["part"]) if is_past else day
    day_number = int(number(said_day) or 0)
    return date(year, month, day_number) if year else upcoming(sent_at, month, day_number)


def _chinese_day_of_month(match: re.Match[str], sent_at: datetime) -> date:
    day = int(number(match["day"]) or 0)
    prefix = match["which"] or ""
    if prefix:
        year, month = month_away(sent_at.date(), prefix.count("下") - prefix.count("上"))
        return date(year, month, day)
    this_month = date(sent_at.year, sent_at.month, day)
    if this_month >= sent_at.date():
        return this_month
    year, month = month_away(sent_at.date(), 1)
    return date(year, month, day)


def _chinese_year(match: re.Match[str], sent_at: datetime) -> date:
    year = said_year(match["year"] or "今年", sent_at) or sent_at.year
    return {
        "": date(year, 1, 1),
        "底": date(year, 12, 31),
        "末": date(year, 12, 31),
        "中": date(year, 6, 30),
        "初": date(year, 1, 1),
    }[match["part"]]


PATTERNS: Patterns = compiled(
    (rf"(?P<day>{'|'.join(sorted(CHINESE_DAYS, key=len, reverse=True))})(?<!\d[今明后]天)", _chinese_day),
    (
        r"(?P<which>[上下]{1,2}个?|这个?|本)?(?:周|星期|"
        r"礼拜)(?P<day>[一二三四五六日天末1-7])(?![\d年个月小])",
        _chinese_weekday,
    ),
    (
        rf"(?P<which>[上下]{{1,2}}个?|这个?|本)(?:周|星期|礼拜)(?P<by>[内底]|"
        rf"之内)?(?![一二三四五六日天末1-7期年])(?:初)?{BEFORE}",
        _chinese_week,
    ),
    (
        r"(?P<which>[上下]个?|[这今]个?|本|当)?月(?P<part>底|末|初|中旬|上旬|下旬|中(?!旬|[国心间]))(?:之?前)?",
        _chinese_month_end,
    ),
    (
        rf"(?P<which>[上下]个?|[这今]个?|本)月(?P<part>)(?![底末初中上下\d一二三四五六七八九十份])份?{BEFORE}",
        _chinese_month_end,
    ),
    (
        rf"(?P<year>\d{{4}}年|二[零〇○][零〇○一二三四五六七八九]{{2}}年|\d{{2}}年|今年|明年|后年|去年|本年)?{_BORDER}(?P<month>{CALENDAR_NUMBER})月(?![一两三][单次回趟批])"
        rf"(?:(?P<day>\d{{1,2}}|{CALENDAR_NUMBER}(?=[日号]))[日号]?|份?(?P<part>底|末|初|中旬|上旬|下旬|中(?![国心间]))|份)?{BEFORE}",
        _chinese_date,
    ),
    (
        rf"(?:(?P<which>[上下]个?月|这个?月|本月)|(?<!月)){_BORDER}(?P<day>{CALENDAR_NUMBER})[号號]"
        rf"(?![楼院线仓机码店车门库院\d]){BEFORE}",
        _chinese_day_of_month,
    ),
    (
        rf"(?P<year>今年|明年|后年|去年|\d{{4}}年)?年?(?P<part>(?<=年)[底末中初])(?![学国一二三四五六七八九十]){BEFORE}",
        _chinese_year,
    ),
    (r"(?P<year>今年|明年|去年|(?<![今昨前天日年月周])后年(?!度?龄))(?P<part>)(?![底末中初])", _chinese_year),
    (
        r"(?:(?P<year>今年|明年|去年|\d{4}年?)\s?)?(?:(?<!这)第?(?P<number>[一二三四1-4])季度?|\bQ(?P<q>[1-4]))(?P<by>底|末|结束前|之?前)?",
        quarter_of,
    ),
    (r"(?P<which>下个?|上个?|下一|本|[今这]个?|这一)季度?(?P<by>底|末|结束前|之?前)?|(?P<end>季末|季度末)", quarter_of),
)
