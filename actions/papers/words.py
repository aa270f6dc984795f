"""The words that papers are made of, in both languages, and how they write dates and money: exact, without short forms."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from actions.papers.sheet import Language

_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)


@cache
def words(lang: Language) -> Mapping[str, str]:
    """Every sentence of the papers by its key."""
    content: Any = yaml.safe_load((Path(__file__).parent / "words" / f"{lang}.yaml").read_text(encoding="utf-8"))
    return {str(key): str(value) for key, value in content.items()}


def say(key: str, lang: Language, **values: object) -> str:
    """The sentence with its values. Raises KeyError where there is none, or a value is missing."""
    return words(lang)[key].format_map(values)


def day(at: date, lang: Language) -> str:
    return f"{at.year}年{at.month}月{at.day}日" if lang == "zh" else f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def money(amount: Decimal, currency: str) -> str:
    """Always with its currency's code and both decimals: nobody has to guess whose ¥ it is."""
    return f"{currency} {amount:,.2f}"


def percent(number: Decimal) -> str:
    return f"{number.normalize():f}%" if number else "0%"
