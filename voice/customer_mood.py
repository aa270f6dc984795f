"""Judges how the customer sounds in a recording on the disk: what the queue of recordings asks for once a call is heard."""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path

from voice.curve import outline
from voice.decode import Recording, recording_in_steps
from voice.emotion_model import SHIPPED, EmotionModel
from voice.mood import Mood, Peak, Words, customer_speech, mood
from voice.sentences import Sentence, quote_at, sentences_of
from voice.speakers import Stretch
from voice.transcript import Sound, Span, Transcript, Turn

SaysOfWords = Callable[[Sequence[Sentence]], Iterable[Words]]
"""What a text model makes of the customer's sentences, each at its seconds."""


_AN_INSTANT = 0.01


class Stopped(Exception):
    """Nobody wants the answer any more."""


class CustomerMoods:
    """Judges with an emotion model that is loaded once, when the first call needs it.

    `models` are the folders that it may lie in, the first that is there counts; `says_of_words` lets the words have a say.
    `folder` is where what is decoded lies meanwhile, nameless: the system's own for temporary files where none is given.
    """

    def __init__(
        self,
        models: Sequence[Path] = (SHIPPED,),
        says_of_words: SaysOfWords | None = None,
        folder: Path | None = None,
    ) -> None:
        self._models = tuple(models)
        self._folder = folder
        self._says_of_words = says_of_words
        self._model: EmotionModel | None = None
        self._one = threading.Lock()

    def judge(
        self,
        source: Path | Recording,
        turns: Sequence[Turn],
        customer: str,
        stretches: Sequence[Stretch] = (),
        cancelled: Callable[[], bool] = lambda: False,
    ) -> tuple[Mood, tuple[float, ...]]:
        """Return the mood of the speaker who is the customer, and the outline of the whole call: bars from 0 to 1.

        `source` is what is decoded already, or a file. `stretches` tell who speaks when by the sound of the voices. Raises
        CannotHear for a file that cannot be decoded, ValueError where no emotion model can be loaded, Stopped once
        `cancelled` says so.
        """
        if isinstance(source, Recording):
            return self._judged(_Watched(source, cancelled), turns, customer, stretches)
        with closing(recording_in_steps(source, folder=self._folder)) as steps:
            for step in steps:
                if cancelled():
                    raise Stopped
                if isinstance(step, Recording):
                    with step:
                        return self._judged(_Watched(step, cancelled), turns, customer, stretches)
        raise AssertionError("unreachable: the last step is the recording")

    def _judged(
        self, call: "_Watched", turns: Sequence[Turn], customer: str, stretches: Sequence[Stretch]
    ) -> tuple[Mood, tuple[float, ...]]:
        speech = customer_speech(call, turns, customer, stretches)
        told = mood(speech, self._ready(), self._words(turns, customer))
        return told, tuple(float(bar) for bar in outline(call))

    def _words(self, turns: Sequence[Turn], customer: str) -> Iterable[Words]:
        return self._says_of_words(sentences_by(customer, turns)) if self._says_of_words is not None else ()

    def _ready(self) -> EmotionModel:
        with self._one:
            if self._model is None:
                self._model = EmotionModel.load(next((one for one in self._models if one.is_dir()), SHIPPED))
            return self._model


def sentences_by(customer: str, turns: Sequence[Turn]) -> tuple[Sentence, ...]:
    """Return what the customer says, sentence by sentence."""
    transcript = Transcript(tuple(turns), "", None, 0.0, (), two_channels=False, customer=customer)
    return tuple(one for one in sentences_of(transcript) if one.side == "customer")


def words_around(sentences: Sequence[Sentence], peak: Peak) -> str:
    """Return what is said where an emotion stands out most, whole sentences; empty where none of these is said then."""
    return quote_at(tuple(sentences), peak.at, peak.at + _AN_INSTANT) or quote_at(tuple(sentences), peak.start, peak.end)


class _Watched:
    """A recording that nothing more is read of once nobody wants the answer."""

    def __init__(self, recording: Recording, cancelled: Callable[[], bool]) -> None:
        self._recording = recording
        self._cancelled = cancelled
        self.duration, self.channels = recording.duration, recording.channels

    def sound(self, span: Span) -> Sound:
        if self._cancelled():
            raise Stopped
        return self._recording.sound(span)
