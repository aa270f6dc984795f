"""Small talk and what is outside: short, warm, and back to what Parley can do."""

from actions.plays.play import Result
from actions.plays.said import from_passages, is_customer
from actions.proposal import Answer
from actions.situation import Situation


def greeting(s: Situation) -> Result:
    name = s.speaker.name or None
    if is_customer(s):
        return Answer("greeting_customer", {"name": name}, says=("progress", "human", "help"))
    return Answer("greeting", {"name": name}, says=("brief", "open_deals", "help"))


def thanks(s: Situation) -> Result:
    return Answer("thanks")


def out_of_scope(s: Situation) -> Result:
    if s.passages:
        return from_passages(s)
    if is_customer(s):
        return Answer("outside_customer", says=("human", "help"))
    return Answer("outside", says=("brief", "help"))
