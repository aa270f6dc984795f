"""Numbers in Chinese characters and in English words, as the synthetic speakers say and the model writes them."""

import random
from typing import Final

_DIGITS: Final = "零一二三四五六七八九"
_ONES: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"),
    *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS: Final = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November"),
    "December",
)
_ORDINALS: Final = ("first", "second", "third", "fifth", "eighth", "tenth", "twelfth", "fifteenth", "twentieth", "thirtieth")
_TEN_THOUSAND: Final = 10_000


def chinese(number: int) -> str:
    """A whole number from 0 to 99,999,999 as it is said: 12 is 十二, 205 is 二百零五, 350000 is 三十五万."""
    if number >= _TEN_THOUSAND:
        high, low = divmod(number, _TEN_THOUSAND)
        rest = "" if low == 0 else ("零" if low < _TEN_THOUSAND // 10 else "") + _below_ten_thousand(low)
        return ("两" if high == 2 else chinese(high)) + "万" + rest
    if 10 <= number < 20:
        return "十" + (_DIGITS[number - 10] if number > 10 else "")
    return _below_ten_thousand(number) if number else "零"


def english(number: int) -> str:
    """A whole number from 0 to 999,999,999 in words, without hyphens and without “and”."""
    for size, name in ((1_000_000, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            high, low = divmod(number, size)
            return f"{english(high)} {name}" + (f" {english(low)}" if low else "")
    if number < len(_ONES):
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens] + (f" {_ONES[ones]}" if ones else "")


def amount(rng: random.Random, lang: str) -> str:
    """A sum of money as a customer or a rep names it."""
    if lang == "zh":
        number = rng.choice(
            (
                rng.randint(1, 99) * 10_000,
                rng.randint(10, 99) * 100_000,
                rng.randint(11, 99) * 1000,
                rng.randint(1, 9) * 1000,
                rng.randint(2, 99) * 100,
            )
        )
        return chinese(number) + rng.choice(("", "", "元", "块钱"))
    number = rng.choice(
        (rng.randint(1, 99) * 1000, rng.randint(1, 9) * 100_000, rng.randint(2, 99) * 100, rng.randint(100, 990) * 1000)
    )
    return f"{english(number)} {rng.choice(('dollars', 'dollars', 'euros'))}"


def count(rng: random.Random, lang: str) -> str:
    """How many: a small number mostly."""
    number = rng.choice(
        (rng.randint(2, 12), rng.randint(2, 12), rng.randint(2, 60), rng.choice((100, 120, 150, 200, 300, 500)))
    )
    if lang == "en":
        return english(number)
    return "两" if number == 2 else chinese(number)


def percent(rng: random.Random, lang: str) -> str:
    """A share in hundredths."""
    number = rng.choice((5, 10, 15, 20, 25, 30, 40, 50, rng.randint(2, 60)))
    return f"{english(number)} percent" if lang == "en" else f"百分之{chinese(number)}"


def clock(rng: random.Random, lang: str) -> str:
    """A time of day."""
    if lang == "zh":
        part, hours = rng.choice(
            (("上午", range(8, 13)), ("下午", range(1, 7)), ("晚上", range(6, 10)), ("早上", range(7, 10)))
        )
        hour = rng.choice(hours)
        return f"{part}{'两' if hour == 2 else chinese(hour)}点" + rng.choice(("", "", "半", "一刻"))
    at = f"at {english(rng.randint(1, 12))}"
    return rng.choice((at, f"{at} thirty", f"{at} in the morning", f"{at} in the afternoon"))


def date(rng: random.Random, lang: str) -> str:
    """A day of the year."""
    if lang == "zh":
        return f"{chinese(rng.randint(1, 12))}月{chinese(rng.randint(1, 31))}{rng.choice('号号日')}"
    return f"{rng.choice(_MONTHS)} {rng.choice(_ORDINALS)}"


def digits(rng: random.Random, lang: str) -> str:
    """A serial or telephone number, figure by figure."""
    figures = [rng.randint(0, 9) for _ in range(rng.choice((4, 5, 6, 8)))]
    return " ".join(_ONES[figure] for figure in figures) if lang == "en" else "".join(_DIGITS[figure] for figure in figures)


MADE: Final = {"amount": amount, "count": count, "percent": percent, "clock": clock, "date": date, "digits": digits}


def _below_ten_thousand(number: int) -> str:
    said, gap = "", False
    for size, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        figure, number = divmod(number, size)
        if figure:
            said += ("零" if gap and said else "") + _DIGITS[figure] + name
            gap = False
        else:
            gap = True
    return said
