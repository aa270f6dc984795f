"""Intents that the company added by itself: answered from its documents, and passed on where a customer speaks."""

from dataclasses import replace

from actions.plays.play import Result
from actions.plays.said import from_passages, is_customer, to_owner
from actions.proposal import Answer
from actions.situation import Situation


def added(s: Situation) -> Result:
    """A customer reads only what was written for just this; a colleague may judge what else the words occur in."""
    if is_customer(s):
        written = tuple(passage for passage in s.passages if s.intent in passage.intents)
        return from_passages(replace(s, passages=written)) if written else to_owner(s)
    return from_passages(s) if s.passages else Answer("added", {"intent": s.intent}, says=("help",))
