"""A yes or a no with nothing waiting for it: the dialogue itself settles the ones that are waiting."""

from actions.plays import reviews
from actions.plays.play import Result
from actions.proposal import Answer
from actions.situation import Situation


def confirm(s: Situation) -> Result:
    """A signature is never guessed from a bare yes: whoever has something to sign is shown it, with the button."""
    return reviews.pending(s) or Answer("nothing_pending", says=("help",))


def reject(s: Situation) -> Result:
    return reviews.pending(s) or Answer("nothing_pending", says=("help",))
