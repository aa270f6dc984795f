"""What the house asks of whatever listens: what is to be heard of a file, the turns of each piece, or why there are none."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from voice.decode import Recording
from voice.mood import Mood
from voice.plan import Opening, Plan
from voice.speakers import Stretch
from voice.transcript import Turn

WAITS_FOR = frozenset({"model_missing", "model_broken", "silk_missing", "no_room"})
"""Reasons that somebody here can take away: the recording waits for that, whoever sent it need not send it again."""


class Listener(Protocol):
    """A speech model with what it needs; its functions are called in a thread and may take long.

    `model` is the name that stands on every transcript, "" while there is none. `is_synthetic` is True for one that knows
    artificial voices only: what it hears is shown, and acted upon only after a yes.
    """

    @property
    def model(self) -> str: ...

    @property
    def is_synthetic(self) -> bool: ...

    def plan(
        self,
        path: Path,
        cancelled: Callable[[], bool],
        looked: Callable[[Opening], None] | None = None,
        names: Sequence[str] = (),
        keep: Callable[[Recording], None] | None = None,
    ) -> Plan:
        """What is to be heard of a file, in pieces of at most ten minutes that carry who speaks when; none where nobody
        speaks. `looked` is told how far it is, and the first words before anybody knows who speaks. `keep` may be given what
        is decoded, for the steps to come. Once `cancelled` says so, what it returns counts no more. Raises CannotHear."""

    def hear(
        self,
        source: Path | Recording,
        plan: Plan,
        number: int,
        said: Callable[[Turn], None],
        cancelled: Callable[[], bool],
        names: Sequence[str] = (),
        keep: Callable[[Recording], None] | None = None,
    ) -> tuple[Turn, ...]:
        """The turns of a piece of a file, or of what was kept of one: then `keep` is not called. `said` is called with each
        as soon as it is there; once `cancelled` says so, what it returns counts no more, and it should return soon. `names`
        may come up, the likeliest first. Raises CannotHear."""


class MoodJudge(Protocol):
    """Says how the customer of a call sounded; it is called in a thread and may take long."""

    def judge(
        self,
        source: Path | Recording,
        turns: Sequence[Turn],
        customer: str,
        stretches: Sequence[Stretch] = (),
        cancelled: Callable[[], bool] = ...,
    ) -> tuple[Mood, tuple[float, ...]]:
        """The mood of the speaker `customer` alone, and the outline of the whole call: bars from 0 to 1. `stretches` tell
        who speaks when by the sound of the voices; once `cancelled` says so, it should return or raise soon."""
