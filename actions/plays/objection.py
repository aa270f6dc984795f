"""Objections: a customer's reasons not to buy, said by themselves or reported by a colleague; their steps: plays.yaml."""

from actions.plays import battle
from actions.plays.heard import heard, with_alternative
from actions.plays.play import Result
from actions.proposal import Json
from actions.situation import Situation


def stall(s: Situation) -> Result:
    return heard(s)


def price(s: Situation) -> Result:
    return heard(s, data=with_alternative(s))


def budget_freeze(s: Situation) -> Result:
    return heard(s, data=with_alternative(s))


def competitor(s: Situation) -> Result:
    """A competitor that is named is met with the first fact on file; the rest is in the comparison."""
    known = [battle.fact_row(fact, s.lang) for fact in battle.facts_about(s, s.plain_text)[:1]]
    told: dict[str, Json] = {"competitor": known[0]["competitor"]} if known else {}
    return heard(s, data=told, rows=known)


def authority(s: Situation) -> Result:
    return heard(s)


def timing(s: Situation) -> Result:
    return heard(s)


def no_need(s: Situation) -> Result:
    """One related case half a year on (objection handbook), and nothing at all once they asked to be left alone."""
    return heard(s)


def trust(s: Situation) -> Result:
    return heard(s)


def contract_terms(s: Situation) -> Result:
    """The clause goes to legal, which is about one deal: with several open it is asked which."""
    return heard(s, of_one_deal=True)


def integration(s: Situation) -> Result:
    return heard(s)
