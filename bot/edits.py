"""Other values in an approver's words: "改成12%再批", "approve with 12%"; what they change in what is asked."""

import re
from collections.abc import Mapping
from datetime import datetime

from actions.answering import editable
from actions.plays.spoken import names_a_currency
from actions.proposal import Command, Json
from intents.understanding import Understanding

LONGEST = 60
"""Characters; a longer message is about more than another value."""
_APPROVES = re.compile(
    r"再批|就批|批准|同意|通过|再过|准了|可以批|\bapproved?\b|\bconfirm(?:ed)?\b|\bgo ahead\b|\bok(?:ay)?\b|\bsign off\b",
    re.IGNORECASE,
)
_REFUSES = re.compile(r"不批|不同意|不能批|驳回|别批|没批|\bnot\b|n't\b|\breject", re.IGNORECASE)


def approves_with_changes(text: str) -> bool:
    """Whether the words say yes to something; which values they change, `changes_in` tells."""
    return len(text) <= LONGEST and _APPROVES.search(text) is not None and _REFUSES.search(text) is None


def changes_in(understanding: Understanding, command: Command) -> Mapping[str, Json]:
    """The arguments of the command that these words give another value, of those that may be changed."""
    allowed = editable(command)
    changes: dict[str, Json] = {}
    for slot in understanding.slots:
        match slot.type:
            case "percent" if "discount" in allowed:
                changes.setdefault("discount", str(slot.value))
            case "amount" if "amount" in allowed and isinstance(slot.value, dict):
                changes.setdefault("amount", str(slot.value["amount"]))
                if names_a_currency(slot.text) and "currency" in allowed:
                    changes.setdefault("currency", slot.value["currency"])
            case "date":
                day = next((name for name in allowed if name.endswith(("_at", "_date", "date"))), None)
                if day is not None and (value := _as_asked(str(slot.value), getattr(command, day))) is not None:
                    changes.setdefault(day, value)
            case _:
                continue
    return changes


def _as_asked(said: str, asked: object) -> str | None:
    """The day or time said; a bare day keeps the hour that was asked for."""
    if not isinstance(asked, datetime):
        return said[:10]
    if "T" in said:
        return said
    try:
        day = datetime.fromisoformat(said).date()
    except ValueError:
        return None
    return datetime.combine(day, asked.timetz()).isoformat()
