"""Questions to the company's own documents."""

from actions.plays.play import Result
from actions.plays.said import from_passages
from actions.situation import Situation


def ask(s: Situation) -> Result:
    return from_passages(s)
