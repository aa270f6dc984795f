"""The marked slots of a labelled utterance: read from its JSON entry, and refused when one cannot be right."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from intents.stages import stage_of

_CURRENCY = re.compile(r"[A-Z]{3}")
_DURATION = re.compile(r"P(?=.)(?:\d+Y)?(?:\d+M)?(?:\d+W)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?")
_PHONE = re.compile(r"\+\d{6,15}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


@dataclass(frozen=True)
class Mark:
    """A piece of the text and what it stands for; the value is None where nobody wrote it down."""

    type: str
    text: str
    value: object


def read_marks(entry: Any, text: str) -> tuple[Mark, ...]:
    """Return the marks of `slots`.

    Raise ValueError when a type is unknown, a marked text does not occur in `text`, or a value does not parse.
    """
    if not isinstance(entry, list):
        raise ValueError("`slots` must be a list of objects")
    return tuple(_mark(slot, text) for slot in entry)


def _mark(slot: Any, text: str) -> Mark:
    if not isinstance(slot, dict):
        raise ValueError("`slots` must be a list of objects")
    kind, words, value = slot.get("type"), slot.get("text"), slot.get("value")
    if not isinstance(kind, str) or kind not in _PARSES:
        raise ValueError(f"there is no slot type {kind!r}")
    if not isinstance(words, str) or not words.strip() or words not in text:
        raise ValueError(f"the slot text {words!r} does not occur in `text`")
    if value is not None and not _PARSES[kind](value):
        raise ValueError(f"{value!r} is no value of a slot of type {kind}")
    return Mark(kind, words, value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_amount(value: object) -> bool:
    if not isinstance(value, Mapping) or set(value) != {"amount", "currency"}:
        return False
    currency = value["currency"]
    return _is_number(value["amount"]) and isinstance(currency, str) and _CURRENCY.fullmatch(currency) is not None


def _is_date(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        date.fromisoformat(value[:10])
    except ValueError:
        return False
    return True


def _is_words(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_stage(value: object) -> bool:
    return isinstance(value, str) and stage_of(value) == value


def _fits(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


_PARSES: Mapping[str, Callable[[object], bool]] = {
    "company": _is_words,
    "person": _is_words,
    "product": _is_words,
    "address": _is_words,
    "tax_id": _is_words,
    "quantity": _is_words,
    "stage": _is_stage,
    "amount": _is_amount,
    "percent": _is_number,
    "date": _is_date,
    "duration": _fits(_DURATION),
    "phone": _fits(_PHONE),
    "email": _fits(_EMAIL),
}
