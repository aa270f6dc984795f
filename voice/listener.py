"""Listens for the house, a piece of a recording at a time, in the threads of its queue: the same steps as `listen`."""

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from voice.cannot_hear import CannotHear
from voice.decode import Recording, recording_in_steps
from voice.listen import FirstWords, Wishes, clips_of, hear_clip
from voice.plan import Opening, Plan, PlannedPiece, plan_in_steps
from voice.profile import SHIPPED, SYNTHETIC_ONLY, Profile
from voice.speech import ear_of
from voice.transcribe import Recogniser, Whisper, known_as
from voice.transcript import Turn
from voice.turns import joined

_DECODING, _SPEECH = 0.25, 0.5
"""What decoding and finding speech take of the time that opening a file does; telling the speakers takes the rest."""


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

    def plan(
        self,
        path: Path,
        cancelled: Callable[[], bool],
        looked: Callable[[Opening], None] | None = None,
        names: Sequence[str] = (),
        keep: Callable[[Recording], None] | None = None,
    ) -> Plan:
        """Decode a file, find who speaks when over the whole of it, and cut it into pieces. Raises CannotHear.

        That there is a model is seen first, so that what waits for one costs nothing. With `looked` it tells how far it is,
        and the first words as soon as the first minute is decoded. `keep` is given what is decoded, where there is something
        to be heard in it.
        """
        _, profile = self._description()
        words = None if looked is None else FirstWords(self._ready(), self._wishes_for(names))
        recording: Recording | None = None
        try:
            for step in recording_in_steps(path, folder=path.parent):
                if isinstance(step, Recording):
                    recording = step
                elif cancelled():
                    return Plan((), 0.0)
                elif looked is not None and words is not None:
                    looked(Opening(step.share * _DECODING, step.origin.seconds))
                    for turns in words.of(step, cancelled):
                        looked(Opening(step.share * _DECODING, step.origin.seconds, turns))
            assert recording is not None
            for planned in plan_in_steps(recording, cancelled, self._wishes.piece_seconds, ear_of(profile)):
                if isinstance(planned, Plan):
                    if keep is not None and planned.pieces and not cancelled():
                        keep(recording)
                    return planned
                if looked is not None:
                    done = 1.0 if planned.is_about_speakers else planned.share
                    looked(Opening(_DECODING + done * _SPEECH, recording.duration))
        finally:
            if recording is not None:
                recording.close()
        return Plan((), 0.0)

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
        """Hear one piece of what is decoded already, or of a file. That is decoded to the piece's end and no further, but
        all of it where there is somebody to `keep` it. Raises CannotHear."""
        recogniser, piece, wishes = self._ready(), plan.pieces[number], self._wishes_for(names)
        if isinstance(source, Recording):
            return self._heard(source, piece, recogniser, wishes, said, cancelled)
        with closing(recording_in_steps(source, folder=source.parent)) as steps:
            for step in steps:
                if cancelled():
                    return ()
                if isinstance(step, Recording):
                    with step:
                        if keep is not None:
                            keep(step)
                        return self._heard(step, piece, recogniser, wishes, said, cancelled)
                if keep is None and step.seconds >= piece.span.end:
                    if plan.mixed_by is not None:
                        step.so_far.mix(*plan.mixed_by)
                    return self._heard(step.so_far, piece, recogniser, wishes, said, cancelled)
        raise AssertionError("unreachable: the last step is the recording")

    def _heard(
        self,
        recording: Recording,
        piece: PlannedPiece,
        recogniser: Recogniser,
        wishes: Wishes,
        said: Callable[[Turn], None],
        cancelled: Callable[[], bool],
    ) -> tuple[Turn, ...]:
        turns: list[Turn] = []
        before: list[str] = []
        for clip in clips_of(piece.stretches, recogniser):
            if cancelled():
                return ()
            new = hear_clip(clip, recording, recogniser, wishes, before)
            for turn in joined(new):
                said(turn)
            turns += new
        return joined(turns)

    def _wishes_for(self, names: Sequence[str]) -> Wishes:
        return replace(self._wishes, bias=(*self._wishes.bias, *names))

    def _description(self) -> tuple[str, Profile]:
        if self._described is None:
            self._described = self._known(self._model_at)
        return self._described

    def _ready(self) -> Recogniser:
        with self._one:
            if self._recogniser is None:
                self._recogniser = self._load(self._model_at)
            return self._recogniser
