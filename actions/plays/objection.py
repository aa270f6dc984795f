"""Objections: a customer's reasons not to buy, said by themselves or reported by a colleague."""

import re
from datetime import datetime, timedelta

from actions.papers.compare import MOST_COLUMNS
from actions.plays import battle, papers, reviews
from actions.plays.heard import heard, with_alternative
from actions.plays.local_time import moment
from actions.plays.play import Result
from actions.proposal import Command, Json
from actions.situation import Situation

LEAD_TIME = timedelta(days=14)
"""A customer who named a date is contacted two weeks before it, so that there is time to prepare (objection handbook)."""

_LEAVE_ALONE = re.compile(
    r"别(?:再)?(?:打|联系|加)|不要再|不用再"
    r"|stop (?:calling|contacting|e-?mailing)|don't (?:call|contact)|leave (?:us|me) alone",
    re.IGNORECASE,
)


def stall(s: Situation) -> Result:
    return heard(s, again=3, says=("draft_followup",))


def price(s: Situation) -> Result:
    return _with_paper(s, papers.prepare(s, "value_summary"), again=2, data=with_alternative(s))


def budget_freeze(s: Situation) -> Result:
    return heard(s, again=_before_the_named_date(s) or 30, data=with_alternative(s))


def competitor(s: Situation) -> Result:
    """A competitor that is named is met with the first fact on file; the rest is one button away."""
    known = [battle.fact_row(fact, s.lang) for fact in battle.facts_about(s, s.plain_text)[:1]]
    told: dict[str, Json] = {"competitor": known[0]["competitor"]} if known else {}
    about = battle.facts_about(s, s.plain_text)
    can_be_shown = s.customer is not None and 1 <= len({fact.competitor for fact in about}) <= MOST_COLUMNS
    shown = (papers.comparison(s, about),) if can_be_shown else ()
    return heard(s, *shown, again=2, says=("compare",), data=told, rows=known)


def authority(s: Situation) -> Result:
    return _with_paper(s, papers.prepare(s, "one_page"), again=3)


def timing(s: Situation) -> Result:
    return heard(s, again=_before_the_named_date(s) or 30)


def no_need(s: Situation) -> Result:
    """One related case half a year on (objection handbook), and nothing at all once they asked to be left alone."""
    return heard(s, again=None if _LEAVE_ALONE.search(s.text) else 180)


def trust(s: Situation) -> Result:
    return heard(s, again=1, says=("draft_followup",))


def contract_terms(s: Situation) -> Result:
    """The clause goes to legal with where it comes from: what was said, the quotation, the company's own rule."""
    return heard(s, *reviews.submission(s), again=2)


def integration(s: Situation) -> Result:
    return heard(s, again=3, says=("consultant",))


def _with_paper(s: Situation, paper: tuple[Command, ...], again: int, data: dict[str, Json] | None = None) -> Result:
    """The paper that answers it, or, where none can be prepared, a message to be drafted."""
    if paper:
        return heard(s, *paper, again=again, data=data)
    return heard(s, again=again, data=data, says=("draft_followup",))


def _before_the_named_date(s: Situation) -> datetime | None:
    named = moment(s.slot("date"), s.now, s.speaker)
    if named is None or named <= s.now:
        return None
    early = named - LEAD_TIME
    return early if early > s.now + timedelta(days=1) else named
