"""Years and quarters as they are said."""

import re
from datetime import date, datetime

from intents.numerals import number
from intents.when.steps import last_of_month

_FIGURES = str.maketrans("零〇○一二三四五六七八九", "000123456789")


def said_year(said: str | None, sent_at: datetime) -> int | None:
    if not said:
        return None
    relative = {"今年": 0, "本年": 0, "明年": 1, "后年": 2, "去年": -1}
    if said in relative:
        return sent_at.year + relative[said]
    digits = int(said.rstrip("年").translate(_FIGURES))
    return digits + 2000 if digits < 100 else digits


def quarter_of(match: re.Match[str], sent_at: datetime) -> date:
    """A quarter named by number is the current or a coming one; its first day, or its last when something is due by it."""
    parts = match.groupdict()
    year = said_year(parts.get("year"), sent_at)
    if said := parts.get("number") or parts.get("q"):
        quarter = int(number(said) or 0)
        is_past = year is None and quarter < (sent_at.month + 2) // 3
        first_year = (year or sent_at.year) + (1 if is_past else 0)
    else:
        which = (parts.get("which") or "").lower()
        step = 1 if which in {"下", "下个", "下一", "next"} else -1 if which in {"上", "上个", "last"} else 0
        years, index = divmod((sent_at.month - 1) // 3 + step, 4)
        first_year, quarter = sent_at.year + years, index + 1
    month = 3 * quarter - 2
    is_deadline = bool(parts.get("by") or parts.get("end"))
    return last_of_month(first_year, month + 2) if is_deadline else date(first_year, month, 1)
