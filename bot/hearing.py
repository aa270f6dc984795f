"""What the house asks of whatever listens: a file in pieces, the turns of each piece, or why there are none."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from voice.transcript import Span, Turn

WAITS_FOR = frozenset({"model_missing", "silk_missing"})
"""Reasons that somebody here can take away: the recording waits for that, whoever sent it need not send it again."""


class CannotHear(Exception):
    """A recording that cannot be listened to. `reason` is a key of the wording (`word.unheard.REASON`)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Listener(Protocol):
    """A speech model with what it needs; its functions are called in a thread and may take long.

    `model` is the name that stands on every transcript. `is_synthetic` is True for one that knows artificial voices only:
    what it hears is shown, and acted upon only after a yes. `notice` is what must be said beside its transcripts, if
    anything.
    """

    model: str
    notice: str
    is_synthetic: bool

    def plan(self, path: Path) -> Sequence[Span]:
        """The pieces of a file in order, each at most ten minutes, cut where nobody speaks. Raises CannotHear."""

    def hear(self, path: Path, piece: Span, said: Callable[[Turn], None], cancelled: Callable[[], bool]) -> tuple[Turn, ...]:
        """The turns of a piece. `said` is called with each as soon as it is there; once `cancelled` says so, what it returns
        counts no more, and it should return soon. Raises CannotHear."""


class NoListener:
    """Where no speech model is there: everything waits for one."""

    model = ""
    notice = ""
    is_synthetic = False

    def plan(self, path: Path) -> Sequence[Span]:
        raise CannotHear("model_missing")

    def hear(self, path: Path, piece: Span, said: Callable[[Turn], None], cancelled: Callable[[], bool]) -> tuple[Turn, ...]:
        raise CannotHear("model_missing")
