"""A yes or a no with nothing waiting for it: the dialogue itself settles the ones that are waiting."""

from actions.plays.play import Result
from actions.proposal import Answer
from actions.situation import Situation


def confirm(s: Situation) -> Result:
    return Answer("nothing_pending", says=("help",))


def reject(s: Situation) -> Result:
    return Answer("nothing_pending", says=("help",))
