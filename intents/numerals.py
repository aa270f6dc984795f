"""Numbers as people write them: 1,200.5, 三万八, fifteen, 1.2亿, 80k; the ground that all measured slots stand on."""

import math
import re

import cn2an

from intents.wordlist import words

CHINESE_NUMERAL = "零〇一二两兩三四五六七八九十百千万萬亿億"
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
_WORD = "|".join(sorted([*(word for word in _UNITS if len(word) > 2), *_TENS], key=len, reverse=True))
ENGLISH = rf"(?:(?:{_WORD})(?:[- ](?:{_WORD}))?(?: hundred)?|(?:a|an) hundred)"
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
    "千万": 10_000_000,
    "亿": 100_000_000,
    "億": 100_000_000,
    "b": 1_000_000_000,
    "bn": 1_000_000_000,
    "billion": 1_000_000_000,
}
MULTIPLIER = "|".join(sorted(map(re.escape, MULTIPLIERS), key=len, reverse=True))

_LARGEST = 1e15
_SIMPLE = str.maketrans({"〇": "零", "萬": "万", "億": "亿", "兩": "两"})
_COLLOQUIAL = re.compile(r"(.*)([百千万亿])([一二两三四五六七八九])")
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


def _english(plain: str) -> float | None:
    total: float | None = None
    for word in re.split(r"[\s-]+", plain):
        if word == "hundred":
            total = (total or 1) * 100
        elif word in _UNITS or word in _TENS:
            total = (total or 0) + (_UNITS.get(word) or _TENS.get(word) or 0)
        else:
            return None
    return total


def tidy(value: float) -> float | int:
    """Return a whole number as int, so that it reads 600000 and not 600000.0; rid of the dust of floating point."""
    rounded = round(value, 6)
    return int(rounded) if rounded == int(rounded) else rounded
