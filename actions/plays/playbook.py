"""The playbook as data: for each intent what is cited and which next steps are weighed, read from plays.yaml and checked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from actions.crm.records import OPEN_STAGES, Stage

PLAYBOOK = Path(__file__).with_name("plays.yaml")
FACTS = (
    "named",
    "mentioned",
    "card",
    "percent",
    "capped",
    "own_limit",
    "cheaper",
    "named_day",
    "references",
    "users",
    "decider",
    "running",
    "priced",
    "topic",
)
"""What a step can find that speaks for it."""
_STRICT = ConfigDict(extra="forbid")
_Days = Annotated[int, Field(ge=0, le=3650)]


@dataclass(frozen=True)
class When:
    """A condition on the customer and the deal: every part that is set must hold, and what is not known does not hold.

    Amounts are in CNY, at the rates of the day; days count from today to the expected close, below zero once it is past.
    """

    __pydantic_config__ = _STRICT

    stages: tuple[Stage, ...] = ()
    amount_above: Decimal | None = None
    amount_below: Decimal | None = None
    closes_within: int | None = None
    closes_after: int | None = None
    signal: str | None = None


@dataclass(frozen=True)
class Lift:
    """Points more, or fewer, where a condition holds."""

    __pydantic_config__ = _STRICT

    points: float
    when: When


@dataclass(frozen=True)
class Candidate:
    """A next step of a play. `weight` is where it stands before anything is known; `days` is when a follow-up comes."""

    __pydantic_config__ = _STRICT

    step: str
    weight: Annotated[float, Field(ge=0, le=100)]
    days: _Days | None = None
    only: When | None = None
    lifts: tuple[Lift, ...] = ()


@dataclass(frozen=True)
class Page:
    """One play: the intent whose passage of the SOP is cited, and the next steps in the order that breaks a tie."""

    __pydantic_config__ = _STRICT

    cites: str
    steps: tuple[Candidate, ...]


@dataclass(frozen=True)
class Factors:
    """Points that hold in every play: for each of FACTS, for what was done lately, and at most for what worked before."""

    __pydantic_config__ = _STRICT

    facts: Mapping[str, float]
    lately: Annotated[float, Field(le=0)]
    lately_days: Annotated[int, Field(ge=1)]
    experience: Annotated[float, Field(ge=0)]
    least_cases: Annotated[int, Field(ge=1)]
    least_with: Annotated[int, Field(ge=1)]


@dataclass(frozen=True)
class Playbook:
    """Every play by its intent."""

    __pydantic_config__ = _STRICT

    factors: Factors
    plays: Mapping[str, Page] = field(default_factory=dict)


_playbook = TypeAdapter(Playbook)


def read_playbook(text: str, place: str, steps: Collection[str], signals: Collection[str]) -> Playbook:
    """The playbook of a file. Raises ValueError that lists every mistake with its place: misspelt, missing, twice."""
    try:
        content: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"{place}: this is no YAML: {' '.join(str(error).split())}") from None
    try:
        book = _playbook.validate_python(content)
    except ValidationError as error:
        wrong = [f"{_where(one['loc'])}: {one['msg'][:1].lower()}{one['msg'][1:]}" for one in error.errors()]
        raise ValueError("\n".join(f"{place}, {line}" for line in wrong)) from None
    if mistakes := _mistakes(book, steps, signals):
        raise ValueError("\n".join(f"{place}, {line}" for line in mistakes))
    return book


def check_intents(book: Playbook, intents: Collection[str], needed: Collection[str]) -> None:
    """Raise ValueError where a play or what it cites is for an intent that nobody knows, or an intent has no play."""
    wrong = [f"{name}: {_unknown('intent', name, intents)}" for name in book.plays if name not in intents]
    wrong += [
        f"{name}, cites: {_unknown('intent', page.cites, intents)}"
        for name, page in book.plays.items()
        if page.cites not in intents
    ]
    wrong += [f"{name}: this intent has no play" for name in needed if name not in book.plays]
    if wrong:
        raise ValueError("\n".join(f"{PLAYBOOK.name}, {line}" for line in wrong))


@cache
def shipped(steps: frozenset[str], signals: frozenset[str]) -> Playbook:
    """The house's own playbook. Raises ValueError."""
    return read_playbook(PLAYBOOK.read_text(encoding="utf-8"), PLAYBOOK.name, steps, signals)


def _mistakes(book: Playbook, steps: Collection[str], signals: Collection[str]) -> list[str]:
    wrong = [f"factors.facts: {_unknown('fact', name, FACTS)}" for name in book.factors.facts if name not in FACTS]
    wrong += [f"factors.facts: {name} is missing" for name in FACTS if name not in book.factors.facts]
    for intent, page in book.plays.items():
        seen: set[str] = set()
        if not page.steps:
            wrong.append(f"plays.{intent}: a play without steps offers nothing")
        for one in page.steps:
            place = f"plays.{intent}, {one.step}"
            if one.step not in steps:
                wrong.append(f"plays.{intent}: {_unknown('step', one.step, steps)}")
            if one.step in seen:
                wrong.append(f"{place}: the step stands here twice")
            seen.add(one.step)
            if one.step == "follow_up" and one.days is None:
                wrong.append(f"{place}: after how many days? `days` is missing")
            for when in (*([one.only] if one.only else ()), *(lift.when for lift in one.lifts)):
                wrong += [f"{place}: {line}" for line in _wrong_condition(when, signals)]
    return wrong


def _wrong_condition(when: When, signals: Collection[str]) -> list[str]:
    wrong = []
    if when == When():
        wrong.append("a condition that says nothing")
    wrong += [f"a deal in {stage} is closed: no step is offered for it" for stage in when.stages if stage not in OPEN_STAGES]
    if when.signal is not None and when.signal not in signals:
        wrong.append(_unknown("signal", when.signal, signals))
    if when.amount_above is not None and when.amount_below is not None and when.amount_above >= when.amount_below:
        wrong.append("no amount is above amount_above and below amount_below")
    if when.closes_within is not None and when.closes_after is not None and when.closes_after >= when.closes_within:
        wrong.append("no day is within closes_within and after closes_after")
    return wrong


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, 1)
    return f"there is no {what} called {name!r}" + (f"; {near[0]!r} was probably meant" if near else "")


def _where(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc) or "file"
