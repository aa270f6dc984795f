"""The numbers that a text states, by value: 50万 is 500,000, 百分之十五 is 15%, and 十五天 is 15 days but no 15 hours."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

_CHINESE_DIGITS = "零一二三四五六七八九"
_CHINESE_STEPS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}
_SIMPLE = str.maketrans("〇两兩壹贰叁肆伍陆柒捌玖拾佰仟萬億", "零二二一二三四五六七八九十百千万亿")
_CHINESE = "零〇一二两兩三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟萬億"
_ENGLISH = {
    word: number
    for number, words in {
        1: ["one"],
        2: ["two", "twice"],
        **{
            number: [word]
            for number, word in enumerate(["three", "four", "five", "six", "seven", "eight", "nine", "ten"], 3)
        },
        **{number: [word] for number, word in enumerate(["eleven", "twelve", "thirteen", "fourteen", "fifteen"], 11)},
        **{number: [word] for number, word in enumerate(["sixteen", "seventeen", "eighteen", "nineteen"], 16)},
        **{10 * number: [word] for number, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty"], 2)},
        **{10 * number: [word] for number, word in enumerate(["seventy", "eighty", "ninety"], 7)},
    }.items()
    for word in words
}
_TIMES = {
    **_CHINESE_STEPS,
    "十万": 100_000,
    "百万": 1_000_000,
    "千万": 10_000_000,
    "k": 1_000,
    "hundred": 100,
    "thousand": 1_000,
    "million": 1_000_000,
    "billion": 1_000_000_000,
}
_TIME = {
    **dict.fromkeys(("second", "sec", "秒"), "second"),
    **dict.fromkeys(("minute", "min", "分钟"), "minute"),
    **dict.fromkeys(("hour", "hr", "h", "小时", "钟头"), "hour"),
    **dict.fromkeys(("day", "天", "日", "号"), "day"),
    **dict.fromkeys(("week", "周", "星期", "礼拜"), "week"),
    **dict.fromkeys(("month", "月"), "month"),
    **dict.fromkeys(("quarter", "季度"), "quarter"),
    **dict.fromkeys(("year", "年"), "year"),
}
_CHINESE_TIME = "|".join(word for word in _TIME if not word.isascii())
_ENGLISH_TIME = "|".join(word for word in _TIME if word.isascii())
_INDEFINITE = "个位名种条项份家张"  # 一个 is as often "a" as "one"
_COUNTED = rf"[{_INDEFINITE}元块次回遍台套件人期级笔步页倍成折岁层批件]"

_FIGURE = re.compile(
    r"(?P<literal>(?<![\d.:])\d{1,2}:\d\d(?![\d:])|(?<![\d.])\d+(?:\.\d+){2,})"  # 9:30 and 3.1.2 are no sums
    rf"|(?P<of>[{_CHINESE}]{{1,6}}|\d{{1,6}})分之(?P<share>\d+(?:\.\d+)?|[{_CHINESE}]{{1,9}}(?:点[{_CHINESE}]{{1,6}})?)"
    r"|(?P<sign>(?<![^\s(,:])[-−])?(?<![A-Za-z\d])(?<![A-Za-z][-_./])(?<!\d\.)"
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?: ?(?P<times>[十百千]?[万亿]|百(?!分)|千(?![克瓦米卡])|(?:k|hundred|thousand|million|billion)(?![a-z])))?"
    rf"|(?<![周期拜])(?P<chinese>[{_CHINESE}]{{1,18}}(?:点[{_CHINESE}]{{1,6}})?|半)"
    rf"(?= ?个?(?:(?:工作|自然)?(?:{_CHINESE_TIME})|{_COUNTED}))"
    rf"|\b(?P<english>(?:half(?= (?:an? )?(?:{_ENGLISH_TIME}))"
    rf"|one(?=[ -](?:working |business )?(?:{_ENGLISH_TIME}|percent))|(?!one\b)(?:{'|'.join(_ENGLISH)}))"
    r"(?:-(?:one|two|three|four|five|six|seven|eight|nine)\b)?)\b(?: (?P<multiple>hundred|thousand|million|billion)\b)?",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r" {0,2}(?:(?P<percent>%|percent\b|per cent\b|pct\b)|(?P<tenths>成(?![员本立功交为]))"
    r"|-?(?P<counted>个)?(?:an? )?(?P<working>工作|working |business |working-)?(?:自然|calendar )?"
    rf"(?:(?P<zh>{_CHINESE_TIME})|(?P<en>{_ENGLISH_TIME})s?(?![A-Za-z])))",
    re.IGNORECASE,
)
_JOINED = re.compile(r" ?(?:[-–—~、]|至|到|或|和|to|or|and) ?", re.IGNORECASE)
_LONGEST = 30  # digits; what is longer is no sum, and comparing it letter for letter is enough
_BARE = frozenset({"", "a"})
_OF_TIME = frozenset({"month of the year", *(f"{kind}{unit}" for kind in ("", "working ") for unit in _TIME.values())})


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and what it counts, where that is a share ("%") or time ("day", "working hour"). `literal` is set instead
    of the value for what is no sum: a time of day, a version."""

    value: Fraction
    unit: str = ""
    literal: str = ""

    @property
    def counts(self) -> bool:
        """Whether it states how many; the 一 of 一个 mostly does not."""
        return self.unit != "a"


def same(one: Figure, other: Figure) -> bool:
    """Whether two figures say the same; a number without a unit may be one of days or pieces, but never a share."""
    if (one.value, one.literal) != (other.value, other.literal):
        return False
    one_is_bare, other_is_bare = one.unit in _BARE, other.unit in _BARE
    return one.unit == other.unit or (
        (one_is_bare or other_is_bare)
        and (one_is_bare or one.unit in _OF_TIME)
        and (other_is_bare or other.unit in _OF_TIME)
    )


def figures(text: str) -> list[Figure]:
    """The numbers in one line of text, in order; never raises."""
    plain = unicodedata.normalize("NFKC", text)
    found = list(_found(plain))
    for index in range(len(found) - 2, -1, -1):  # 10-15% is 10% to 15%
        (figure, _, end), (later, start, _) = found[index], found[index + 1]
        if not figure.unit and not figure.literal and _JOINED.fullmatch(plain, end, start):
            found[index] = (replace(figure, unit=later.unit), *found[index][1:])
    return [figure for figure, _, _ in found]


def without_figures(text: str) -> str:
    """The text with a space for each number and its unit, so that its words can be compared by themselves."""
    plain, pieces, last = unicodedata.normalize("NFKC", text), [], 0
    for _, start, end in _found(plain):
        pieces.append(plain[last:start])
        last = end
    return " ".join([*pieces, plain[last:]])


def _found(plain: str) -> Iterator[tuple[Figure, int, int]]:
    for match in _FIGURE.finditer(plain):
        figure = _figure(match)
        unit = None if figure.literal or match["of"] else _UNIT.match(plain, match.end())
        if unit and (unit["percent"] or unit["tenths"]):
            figure = replace(figure, value=figure.value * (1 if unit["percent"] else 10), unit="%")
        elif unit:
            figure = replace(figure, unit=_time(unit))
        elif match["chinese"] == "一" and plain[match.end() : match.end() + 1] in _INDEFINITE:
            figure = replace(figure, unit="a")
        yield figure, match.start(), unit.end() if unit else match.end()


def _time(unit: re.Match[str]) -> str:
    if unit["zh"] == "月" and not unit["counted"]:
        return "month of the year"
    return ("working " if unit["working"] else "") + _TIME[(unit["zh"] or unit["en"]).lower()]


def _figure(match: re.Match[str]) -> Figure:
    if match["literal"]:
        return Figure(Fraction(0), literal=match["literal"].lstrip("0"))
    if match["of"]:
        whole = _number(match["of"])
        return Figure(100 * _number(match["share"]) / whole, "%") if whole else Figure(Fraction(0), literal=match[0])
    if match["digits"]:
        if len(match["digits"]) > _LONGEST:
            return Figure(Fraction(0), literal=match["digits"])
        sign = -1 if match["sign"] else 1
        return Figure(sign * _number(match["digits"]) * _TIMES.get((match["times"] or "").lower(), 1))
    if match["chinese"]:
        return Figure(_number(match["chinese"]))
    tens, _, ones = match["english"].lower().partition("-")
    value = Fraction(1, 2) if tens == "half" else Fraction(_ENGLISH[tens] + _ENGLISH.get(ones, 0))
    return Figure(value * _TIMES.get((match["multiple"] or "").lower(), 1))


def _number(numeral: str) -> Fraction:
    if numeral[0].isdigit():
        return Fraction(numeral.replace(",", ""))
    if numeral == "半":
        return Fraction(1, 2)
    whole, _, part = numeral.translate(_SIMPLE).partition("点")
    decimals = _by_place(part)
    return Fraction(_whole(whole)) + Fraction(decimals, 10 ** len(part))


def _by_place(digits: str) -> int:
    """二零二六 is 2026; a character that is no digit counts as none."""
    value = 0
    for one in digits:
        value = 10 * value + max(_CHINESE_DIGITS.find(one), 0)
    return value


def _whole(numeral: str) -> int:
    """十五 is 15, 三千零五十 is 3050, 三万八 is 38,000."""
    if not any(one in _CHINESE_STEPS for one in numeral):
        return _by_place(numeral)
    total, section, digit, step = 0, 0, None, 1
    for one in numeral:
        if one not in _CHINESE_STEPS:
            digit = _CHINESE_DIGITS.find(one)
            step = step if digit else 1  # 三千零五 is 3005
            continue
        size = _CHINESE_STEPS[one]
        if size < 10_000:
            section += (1 if digit is None else digit) * size
        else:  # 亿 multiplies all before it, 万 what follows the 亿
            section += digit or 0
            total = (total + section or 1) * size if size > 10_000 else total + (section or 1) * size
            section = 0
        digit, step = None, size
    return total + section + (digit or 0) * (step // 10 if step > 10 else 1)
