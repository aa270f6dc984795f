"""The ranking of next steps for this customer and deal: a sum of reasons that anybody can add up; thinks, asks nothing.

The score of a step is the weight that its play gives it, plus points for what holds of the deal (plays.yaml), for what was
found in the words and on file, for what was done on the deal lately (fewer), and for what worked before. It depends on
nothing but the situation, and of two alike the one that stands first in the play goes first.
"""

from collections.abc import Iterator
from datetime import timedelta

import yaml

from actions.plays.experience import History, Traits, evidence_for
from actions.plays.local_time import today
from actions.plays.playbook import Candidate, Page, Playbook, When, shipped
from actions.plays.steps import STEPS, Offer, has_signal, means_of
from actions.policy.breakers import SHIPPED_BREAKERS
from actions.proposal import Because, Json, NextStep, Ranked
from actions.situation import Situation

SIGNALS = frozenset(one["id"] for one in yaml.safe_load(SHIPPED_BREAKERS.read_text(encoding="utf-8"))["signals"])
"""What customers show that a condition can name."""


_AGAINST = {
    "signal": "signal_against",
    "amount": "amount_against",
    "close": "close_against",
    "stage": "stage_against",
}


def playbook() -> Playbook:
    """The plays in force. Raises ValueError where plays.yaml cannot be read."""
    return shipped(frozenset(STEPS), SIGNALS)


def page_of(intent: str) -> Page | None:
    """The play of an intent that offers next steps; None for the others."""
    return playbook().plays.get(intent)


def ranked_steps(s: Situation) -> tuple[NextStep, ...]:
    """The next steps that can be taken now, best first; none where the intent has no play."""
    book = playbook()
    page = book.plays.get(s.intent)
    if page is None or not s.speaker.is_staff:
        return ()
    found = [step for candidate in page.steps if (step := _weighed(s, candidate, book)) is not None]
    return tuple(sorted(found, key=lambda step: -step.ranked.score))


def traits_of(s: Situation) -> Traits:
    """What counts of this customer when deals alike are looked for."""
    return Traits(s.customer.industry, s.customer.region, s.customer.tier) if s.customer else Traits()


def _weighed(s: Situation, candidate: Candidate, book: Playbook) -> NextStep | None:
    if candidate.only is not None and not holds(candidate.only, s):
        return None
    offer = STEPS[candidate.step](s, candidate)
    if offer is None or (offer.command is not None and s.speaker.role not in offer.command.roles):
        return None
    reasons = sorted(_reasons(s, candidate, offer, book), key=lambda one: -abs(one.points))
    score = candidate.weight + sum(one.points for one in reasons)
    ranked = Ranked(candidate.step, round(score, 2), candidate.weight, tuple(reasons))
    return NextStep(ranked, offer.command, offer.says, offer.label)


def _reasons(s: Situation, candidate: Candidate, offer: Offer, book: Playbook) -> Iterator[Because]:
    factors = book.factors
    for name, told in offer.found:
        yield Because(name, factors.facts[name], told)
    for lift in candidate.lifts:
        if holds(lift.when, s):
            name = _names(lift.when)
            yield Because(name if lift.points >= 0 else _AGAINST[name], lift.points, _told(lift.when, s))
    history = next((row for row in s.rows.get("history", ()) if isinstance(row, History)), History())
    since = s.now - timedelta(days=factors.lately_days)
    lately = max((one.at for one in history.taken if one.step == candidate.step and since <= one.at <= s.now), default=None)
    if lately is not None:
        days = (s.now - lately).days
        yield Because("lately" if days else "lately_today", factors.lately, {"days": days})
    evidence = evidence_for(
        candidate.step,
        traits_of(s),
        history.cases,
        least_cases=factors.least_cases,
        least_with=factors.least_with,
    )
    if evidence is not None:
        told = {name: getattr(evidence, name) for name in ("segment", "won", "with_step", "lost", "lost_with")}
        yield Because("experience", round(factors.experience * evidence.strength, 2), told)


# --- conditions ----------------------------------------------------------------------------------------------------------


def holds(when: When, s: Situation) -> bool:
    """Whether every part of a condition holds; what is not known does not hold."""
    parts: list[bool] = []
    if when.stages:
        parts.append(s.deal is not None and s.deal.stage in when.stages)
    amount = means_of(s).amount_cny
    if when.amount_above is not None:
        parts.append(amount is not None and amount > when.amount_above)
    if when.amount_below is not None:
        parts.append(amount is not None and amount < when.amount_below)
    days = _days_to_close(s)
    if when.closes_within is not None:
        parts.append(days is not None and days <= when.closes_within)
    if when.closes_after is not None:
        parts.append(days is not None and days > when.closes_after)
    if when.signal is not None:
        parts.append(has_signal(s, when.signal))
    return all(parts)


def _days_to_close(s: Situation) -> int | None:
    if s.deal is None or s.deal.close_date is None:
        return None
    return (s.deal.close_date - today(s.now, s.speaker)).days


def _names(when: When) -> str:
    """The reason that a condition is told as: its most telling part."""
    if when.signal is not None:
        return "signal"
    if when.amount_above is not None or when.amount_below is not None:
        return "amount"
    if when.closes_within is not None or when.closes_after is not None:
        return "close"
    return "stage"


def _told(when: When, s: Situation) -> dict[str, Json]:
    deal = s.deal
    return {
        "signal": when.signal,
        "amount": {"amount": str(deal.amount), "currency": deal.currency} if deal else None,
        "stage": deal.stage if deal else None,
        "days": _days_to_close(s),
    }
