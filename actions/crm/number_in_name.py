"""Telephone numbers in the name of a file: recorders name a call after the other side's number, beside its day and time."""

import re
import unicodedata
from itertools import combinations

from actions.crm.cells import read_phone

_YEAR, _MONTH, _DAY = r"(?:19|20)\d\d", r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
_HOUR, _MINUTE = r"(?:[01]?\d|2[0-4])", r"[0-5]?\d"
_BETWEEN = r"[-_./ ,年月日]"
_CLOCK = rf"(?:[-_T. ,日]*{_HOUR}[-_.:h时点 ]{_MINUTE}(?:[-_.:m分 ]{_MINUTE}(?:[.,]\d+)?)?[s秒分]?(?: ?[AaPp][Mm])?)?"
_STAMPS = tuple(
    re.compile(rf"(?<![\d+]){one}(?!\d)")
    for one in (
        # 20251124, 20251124_153012, 202511241530, 20251124153012123
        rf"{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[-_T. ]?(?:[01]\d|2[0-4])(?:[0-5]\d(?:[0-5]\d\d{{0,6}})?)?)?",
        rf"{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]){_CLOCK}",
        # 2025-11-24 15-30-12, 2025年11月24日15时30分
        rf"{_YEAR}{_BETWEEN}{_MONTH}{_BETWEEN}{_DAY}日?(?:[-_T. ]?(?:[01]\d|2[0-4])(?:[0-5]\d){{1,2}}(?!\d))?{_CLOCK}",
        # 24.11.2025 15:30, 11-24-2025, 24.11.25
        rf"{_DAY}{_BETWEEN}{_MONTH}{_BETWEEN}(?:{_YEAR}|\d\d){_CLOCK}",
        rf"{_MONTH}{_BETWEEN}{_DAY}{_BETWEEN}(?:{_YEAR}|\d\d){_CLOCK}",
    )
)
_CHUNK = re.compile(r"(?:\+|(?<!\d)00)?\(?\d[\d ().\-/]*\d")
_LEAST, _LEAST_WITH_PLUS, _MOST = 10, 8, 15
"""Digits of a number with its area: fewer, without a "+", are too easily something else; E.164 allows no more."""
_MOST_PARTS = 8


def numbers_in_name(name: str, country: str = "CN") -> tuple[str, ...]:
    """Whatever in a file's name can be a telephone number (E.164), days and times left out; often more than one reading.

    It is meant to be compared with numbers that are known. A number that is spelled like a day with its hour, and has no "+"
    before it, is taken for that.
    """
    plain = unicodedata.normalize("NFKC", name).rpartition(".")[0] or name
    for stamp in _STAMPS:
        plain = stamp.sub("|", plain)
    found: dict[str, None] = {}
    for chunk in _CHUNK.findall(plain):
        for spelled in _readings(chunk):
            try:
                found[read_phone(spelled, country)] = None
            except ValueError:
                continue
    return tuple(found)


def _readings(chunk: str) -> list[str]:
    """The digits of a chunk, and of each of its runs of parts, as they can be dialled; a "+" belongs to the first."""
    plus = "+" if chunk.startswith("+") else ""
    parts = re.findall(r"\d+", chunk)[:_MOST_PARTS]
    read: dict[str, None] = {}
    for first, last in combinations(range(len(parts) + 1), 2):
        digits = "".join(parts[first:last])
        if not (_LEAST_WITH_PLUS if plus else _LEAST) <= len(digits) <= _MOST + len("00"):
            continue
        if plus:
            if first == 0:
                read["+" + digits] = None
            continue
        read[digits] = None
        if not digits.startswith("0"):
            read["+" + digits] = None
    return list(read)
