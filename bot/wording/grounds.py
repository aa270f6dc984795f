"""The grounds of a decision in words: the numbers a rule saw, where the words stand, who may say yes and who has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from actions.proposal import Basis, Reason
from bot.wording.fill import Voice, placeholders, tell
from bot.wording.sentences import has, sentence, word

_MOST_NUMBERS = 3
_MOST_NAMES = 3
_MANNERS = {"amount_cny": "money", "discount": "percent", "destination": "country", "deal.discount": "percent"}
_UNTOLD = frozenset({"says", "rates_day", "rates_age_days", "rates_are_stale", "currency", "command", "role", "problem"})
_FIRST = {"manager": 0, "director": 1, "legal": 2}


@dataclass(frozen=True)
class Answer:
    """A yes or no by somebody, by name."""

    name: str
    yes: bool
    at: datetime


@dataclass(frozen=True)
class Kept:
    """What the record knows of a decision beside basis and reasons: its id, how many rules were looked at, when the facts
    were read, who may say yes (as actions/grounds.py tells it) until when, and who has answered."""

    proposal_id: str = ""
    rules: int = 0
    read_at: datetime | None = None
    may: Sequence[Mapping[str, Any]] = ()
    until: str | None = None
    answers: Sequence[Answer] = ()
    is_open: bool = True


NOTHING_KEPT = Kept()


def numbers(reason: Reason, voice: Voice) -> str:
    """The values that a rule saw and its sentence does not tell, in brackets; empty where there are none."""
    key = f"rule.{reason.rule}"
    told = {name for name, _ in placeholders(sentence(key, voice.lang))} if has(key) else set()
    shown = [
        f"{_called(name, voice)} {_value(name, value, voice)}"
        for name, value in reason.data.items()
        if name not in told and _is_number(name, value)
    ]
    return voice.say("basis.saw", {"values": voice.join(shown[:_MOST_NUMBERS])}) if shown else ""


def _is_number(name: str, value: Any) -> bool:
    if name in _UNTOLD or isinstance(value, bool) or name.startswith("command."):
        return False
    return isinstance(value, int | float) or (isinstance(value, str) and name == "destination" and value != "")


def _called(name: str, voice: Voice) -> str:
    """What a rule's name for a value is called."""
    kind, _, field = name.rpartition(".")
    if not kind:
        return word("seen", name, voice.lang) or name
    return word("field", field, voice.lang) or field


def _value(name: str, value: Any, voice: Voice) -> str:
    if name == "confidence":
        return f"{value:.0%}"
    return tell(value, _MANNERS.get(name, ""), {}, voice)


def place_in(basis: Basis) -> dict[str, int]:
    """Where the words that speak for the reading stand in a longer text, counted from 1; nothing where they are all."""
    if not basis.evidence or basis.evidence.strip() == basis.text.strip():
        return {}
    start = basis.text.find(basis.evidence)
    return {} if start < 0 else {"start": start + 1, "end": start + len(basis.evidence)}


def approvers(kept: Kept, voice: Voice) -> str:
    """While it waits, who may answer, each yes that is still needed by itself; and who has."""
    said = [
        voice.say("basis.said_yes" if one.yes else "basis.said_no", {"name": one.name, "at": one.at})
        for one in kept.answers[-_MOST_NAMES:]
    ]
    if kept.is_open and kept.may:
        told = {"who": _each(kept.may, voice), "until": kept.until}
        # first: of a line that is too long, the names of those who have answered may go
        may = voice.say("basis.may", told) or voice.say("basis.may_plain", told)
        said = [may, *said] if may else said
    return voice.then(said)


def _each(may: Sequence[Mapping[str, Any]], voice: Voice) -> str:
    """Every yes that is needed: of one of these, and of one of those."""
    told = [one for one in dict.fromkeys(_one(one, voice) for one in may) if one]
    return voice.say("card.each_of", {"first": told[0], "rest": voice.join(told[1:])}) if len(told) > 1 else "".join(told)


def _one(one: Mapping[str, Any], voice: Voice) -> str:
    """Who may give one yes: offices, people by name, the requester."""
    offices = set(one.get("roles", ()))
    offices |= {"director"} if "manager" in offices else set()  # who may what they may
    roles = sorted(offices, key=lambda role: _FIRST.get(role, 9))
    names = [tell(roles, "roles", {}, voice), *sorted(one.get("people", ()))]
    if not one.get("not_requester", True):
        names.insert(0, voice.say("basis.requester"))
    who = voice.either([name for name in names if name])
    needed = one.get("needed", 1)
    return voice.say("basis.several", {"who": who, "needed": needed}) if needed > 1 else who
