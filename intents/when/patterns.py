"""How an expression of time is written down here: a pattern, and the function that resolves what it caught."""

import re
from collections.abc import Callable
from datetime import date, datetime

Resolve = Callable[[re.Match[str], datetime], date | datetime | None]
"""Takes what was caught and the moment of the message; None when it is no date after all. May raise ValueError."""

Patterns = tuple[tuple[re.Pattern[str], Resolve], ...]

CALENDAR_NUMBER = r"(?:\d{1,2}|[一二三四五六七八九十]{1,3})"
BEFORE = r"(?:之前|以前|前(?![天日年台面期]))?"


def compiled(*rows: tuple[str, Resolve]) -> Patterns:
    """Return the rows with their patterns compiled, upper and lower case alike."""
    return tuple((re.compile(pattern, re.IGNORECASE), resolve) for pattern, resolve in rows)
