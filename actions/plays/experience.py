"""What worked before: how often deals were won after a step that followed this very objection, counted within a segment.

Of two groups of finished deals, those in which the step was taken and those in which it was not, the shares of wins are
compared, each with one win and one loss added to what was counted. That prior (a Beta(1, 1) for each share) is the one of
Agresti & Caffo, "Simple and Effective Confidence Intervals for Proportions and Differences of Proportions Result from Adding
Two Successes and Two Failures", The American Statistician 54 (2000): with few cases the difference stays near nothing, and a
single lucky deal moves little. A difference below nothing counts as nothing: that a step was taken in deals that were lost
says more about the deals, which were the hard ones, than about the step.

What comes out never falls when a won deal with the step is added, whatever else is known: the share with the step rises, the
share without stays, segments only come within reach, and of these the best counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Segment = Literal["industry_region_tier", "industry_region", "industry_tier", "industry", "house"]
_NARROW: dict[Segment, float] = {
    "industry_region_tier": 1.0,
    "industry_region": 1.0,
    "industry_tier": 1.0,
    "industry": 0.9,
    "house": 0.5,
}
"""The segments from the narrowest on, and how much of a difference in each counts here: what holds for the house as a whole
holds for this trade only by half."""


@dataclass(frozen=True)
class Traits:
    """What a segment is made of: the customer's industry, region and tier (its size, as the house files it)."""

    industry: str = ""
    region: str = ""
    tier: str = ""


@dataclass(frozen=True)
class Case:
    """A finished deal in which the customer said this, and the steps that followed. It names nobody."""

    traits: Traits
    is_won: bool
    steps: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Taken:
    """A step that was taken on the deal spoken of, and when."""

    step: str
    at: datetime


@dataclass(frozen=True)
class History:
    """What the record knows: finished deals of the whole house after the same words, and the latest steps on this deal."""

    cases: tuple[Case, ...] = ()
    taken: tuple[Taken, ...] = field(default=())


@dataclass(frozen=True)
class Evidence:
    """What speaks for a step: of `won` deals of the segment `with_step` went on to it, of `lost` ones `lost_with`.

    `strength` is 0 to 1: the difference of the two smoothed shares of wins, by how near the segment is.
    """

    segment: Segment
    won: int
    with_step: int
    lost: int
    lost_with: int
    strength: float


def evidence_for(step: str, traits: Traits, cases: Sequence[Case], *, least_cases: int, least_with: int) -> Evidence | None:
    """The segment in which most speaks for the step, the narrower of two alike; None where none has enough to say."""
    best: Evidence | None = None
    for segment in _NARROW:
        found = _in_segment(segment, step, [case for case in cases if _is_in(segment, case.traits, traits)])
        if found.won + found.lost < least_cases or found.with_step + found.lost_with < least_with:
            continue
        if found.strength > (best.strength if best else 0.0):
            best = found
    return best


def _is_in(segment: Segment, theirs: Traits, ours: Traits) -> bool:
    if segment == "house":
        return True
    names = segment.split("_")
    return all(getattr(ours, name) and _same(getattr(theirs, name), getattr(ours, name)) for name in names)


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _in_segment(segment: Segment, step: str, cases: Sequence[Case]) -> Evidence:
    won = sum(case.is_won for case in cases)
    with_step = sum(case.is_won for case in cases if step in case.steps)
    lost_with = sum(not case.is_won for case in cases if step in case.steps)
    lost = len(cases) - won
    difference = _smoothed(with_step, with_step + lost_with) - _smoothed(won - with_step, len(cases) - with_step - lost_with)
    return Evidence(segment, won, with_step, lost, lost_with, max(0.0, difference) * _NARROW[segment])


def _smoothed(wins: int, of: int) -> float:
    return (wins + 1) / (of + 2)
