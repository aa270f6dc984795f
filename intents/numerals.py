"""Numbers as people write them: 1,200.5, 三万八, fifteen, 1.2亿, 80k; the ground that all measured slots stand on."""

import math
import re

import cn2an

from intents.wordlist import words

CHINESE_NUMERAL = "零〇一二两兩三四五六七八九十廿卅百千万萬亿億"
ARABIC = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
CHINESE = rf"(?:[{CHINESE_NUMERAL}]{{1,18}}(?:点[零〇一二三四五六七八九]{{1,6}})?)"
_UNITS = {
    word: number
    for number, word in enumerate(
        words(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
            "sixteen seventeen eighteen nineteen"
        )
    )
} | {"a": 1, "an": 1, "couple": 2}
_TENS = {word: 10 * n for n, word in enumerate(words("twenty thirty forty fifty sixty seventy eighty ninety"), 2)}
_UNIT_WORD = "|".join(sorted((word for word in _UNITS if len(word) > 2), key=len, reverse=True))
_BELOW_HUNDRED = rf"(?:(?:{'|'.join(_TENS)})(?:[- ](?:{_UNIT_WORD})\b)?|(?:{_UNIT_WORD}))"
_BELOW_THOUSAND = rf"(?:(?:{_BELOW_HUNDRED}|an?) hundred(?: (?:and )?{_BELOW_HUNDRED}\b)?|{_BELOW_HUNDRED})"
ENGLISH = rf"(?:(?:{_BELOW_THOUSAND}|a) thousand(?: (?:and )?{_BELOW_THOUSAND}\b)?|{_BELOW_THOUSAND})"
MIXED = r"(?:\d{1,4}(?:\.\d+)?[万萬千](?:[1-9]千(?:[1-9]百?)?|零\d{1,3}|[1-9])(?![\d.,]*\d))"
"""A figure with a Chinese unit and a rest behind it: 8万6 is 86,000 as 八万六 is."""
ANY = rf"(?:{ARABIC}|{CHINESE}|\b{ENGLISH}\b)"

MULTIPLIERS = {
    "百": 100,
    "千": 1_000,
    "k": 1_000,
    "thousand": 1_000,
    "grand": 1_000,
    "万": 10_000,
    "萬": 10_000,
    "w": 10_000,
    "十万": 100_000,
    "百万": 1_000_000,
    "m": 1_000_000,
    "mn": 1_000_000,
    "mio": 1_000_000,
    "mil": 1_000_000,
    "million": 1_000_000,
    "lakh": 100_000,
    "lakhs": 100_000,
    "crore": 10_000_000,
    "crores": 10_000_000,
    "千万": 10_000_000,
    "亿": 100_000_000,
    "億": 100_000_000,
    "b": 1_000_000_000,
    "bn": 1_000_000_000,
    "billion": 1_000_000_000,
}
MULTIPLIER = "|".join(sorted(map(re.escape, MULTIPLIERS), key=len, reverse=True))

_LARGEST = 1e15
_SIMPLE = str.maketrans({"〇": "零", "萬": "万", "億": "亿", "兩": "两", "廿": "二十", "卅": "三十"})
_COLLOQUIAL = re.compile(r"(.*)([百千万亿])([一二两三四五六七八九])")
_WITH_A_REST = re.compile(r"([\d.]+)([万千])(.+)")
_BELOW = {"百": "十", "千": "百", "万": "千", "亿": "千万"}


def number(text: str) -> float | None:
    """Return what a numeral of any of the three kinds says, or None where it says nothing sensible."""
    plain = text.strip().lower()
    try:
        value = _number(plain)
    except (ValueError, OverflowError, KeyError):
        return None
    return value if value is not None and math.isfinite(value) and abs(value) <= _LARGEST else None


def _number(plain: str) -> float | None:
    if re.fullmatch(r"[\d,.]+", plain) and plain.isascii():
        return float(plain.replace(",", ""))
    if match := _WITH_A_REST.fullmatch(plain.translate(_SIMPLE)):
        return _with_a_rest(*match.groups())
    if plain and plain[0] in CHINESE_NUMERAL:
        return _chinese(plain.translate(_SIMPLE))
    return _english(plain)


def _chinese(plain: str) -> float:
    """三万八 is 38,000 to every ear; the library hears 30,008."""
    if match := _COLLOQUIAL.fullmatch(plain):
        head, unit, digit = match.groups()
        if head:
            plain = f"{head}{unit}{digit}{_BELOW[unit]}"
    return float(cn2an.cn2an(plain, "smart"))


def _with_a_rest(head: str, unit: str, rest: str) -> float:
    """8万6 and 8万6千 are 86,000, 8万零300 is 80,300."""
    whole = float(head) * MULTIPLIERS[unit]
    if rest[0] == "零":
        return whole + int(rest[1:])
    thousands, _, hundreds = rest.partition("千")
    if "千" not in rest:
        return whole + int(rest) * MULTIPLIERS[unit] / 10
    return whole + int(thousands) * 1_000 + int(hundreds.rstrip("百") or 0) * 100


def _english(plain: str) -> float | None:
    thousands, group, is_empty = 0.0, 0.0, True
    for word in re.split(r"[\s-]+", plain):
        if word == "hundred":
            group = (group or 1) * 100
        elif word == "thousand":
            thousands, group = (group or 1) * 1_000, 0
        elif word in _UNITS or word in _TENS:
            group += _UNITS.get(word) or _TENS.get(word) or 0
        elif word != "and":
            return None
        is_empty = is_empty and word == "and"
    return None if is_empty else thousands + group


def tidy(value: float) -> float | int:
    """Return a whole number as int, so that it reads 600000 and not 600000.0; rid of the dust of floating point."""
    rounded = round(value, 6)
    return int(rounded) if rounded == int(rounded) else rounded
