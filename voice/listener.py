"""Listens for the house, a piece of a recording at a time, in the threads of its queue: the same steps as `listen`."""

import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from voice.cannot_hear import CannotHear
from voice.decode import Recording, recording_in_steps
from voice.listen import Wishes, clips_of, hear_clip
from voice.plan import Plan, PlannedPiece, plan_in_steps
from voice.profile import SHIPPED, SYNTHETIC_ONLY, Profile
from voice.speech import ear_of
from voice.transcribe import Recogniser, Whisper, known_as
from voice.transcript import Turn
from voice.turns import joined


class WhisperListener:
    """Hears with a Whisper model that is loaded once, when the first recording needs it; until it is there, nothing is.

    `model_at` is a folder or a name. `load` makes the recogniser, and `known` tells its name and profile without loading.
    """

    def __init__(
        self,
        model_at: str | Path = SHIPPED,
        wishes: Wishes | None = None,
        *,
        load: Callable[[str | Path], Recogniser] = Whisper.load,
        known: Callable[[str | Path], tuple[str, Profile]] = known_as,
    ) -> None:
        self._model_at = model_at
        self._wishes = wishes or Wishes()
        self._load, self._known = load, known
        self._described: tuple[str, Profile] | None = None
        self._recogniser: Recogniser | None = None
        self._one = threading.Lock()

    @property
    def model(self) -> str:
        """The name that stands on every transcript, "" while there is no model."""
        try:
            return self._description()[0]
        except CannotHear:
            return ""

    @property
    def is_synthetic(self) -> bool:
        """Whether it knows synthetic speech only."""
        try:
            return self._description()[1].notice == SYNTHETIC_ONLY
        except CannotHear:
            return False

    def check(self) -> None:
        """Load the model. Raises CannotHear, with what the operator must know, where that cannot be done."""
        self._ready()

    def plan(self, path: Path, cancelled: Callable[[], bool]) -> Plan:
        """Decode a file, find who speaks when over the whole of it, and cut it into pieces. Raises CannotHear.

        That there is a model is seen first, so that what waits for one costs nothing.
        """
        _, profile = self._description()
        recording: Recording | None = None
        try:
            for step in recording_in_steps(path, folder=path.parent):
                if isinstance(step, Recording):
                    recording = step
                elif cancelled():
                    return Plan((), 0.0)
            assert recording is not None
            for looked in plan_in_steps(recording, cancelled, self._wishes.piece_seconds, ear_of(profile)):
                if isinstance(looked, Plan):
                    return looked
        finally:
            if recording is not None:
                recording.close()
        return Plan((), 0.0)

    def hear(
        self, path: Path, plan: Plan, number: int, said: Callable[[Turn], None], cancelled: Callable[[], bool]
    ) -> tuple[Turn, ...]:
        """Hear one piece; the file is decoded to the piece's end and no further. Raises CannotHear."""
        recogniser, piece = self._ready(), plan.pieces[number]
        with closing(recording_in_steps(path, folder=path.parent)) as steps:
            for step in steps:
                if cancelled():
                    return ()
                if isinstance(step, Recording):
                    with step:
                        return self._heard(step, piece, recogniser, said, cancelled)
                if step.seconds >= piece.span.end:
                    if plan.mixed_by is not None:
                        step.so_far.mix(*plan.mixed_by)
                    return self._heard(step.so_far, piece, recogniser, said, cancelled)
        raise AssertionError("unreachable: the last step is the recording")

    def _heard(
        self,
        recording: Recording,
        piece: PlannedPiece,
        recogniser: Recogniser,
        said: Callable[[Turn], None],
        cancelled: Callable[[], bool],
    ) -> tuple[Turn, ...]:
        turns: list[Turn] = []
        before: list[str] = []
        for clip in clips_of(piece.stretches, recogniser):
            if cancelled():
                return ()
            new = hear_clip(clip, recording, recogniser, self._wishes, before)
            for turn in joined(new):
                said(turn)
            turns += new
        return joined(turns)

    def _description(self) -> tuple[str, Profile]:
        if self._described is None:
            self._described = self._known(self._model_at)
        return self._described

    def _ready(self) -> Recogniser:
        with self._one:
            if self._recogniser is None:
                self._recogniser = self._load(self._model_at)
            return self._recogniser
