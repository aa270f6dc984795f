"""What listening gives: sound, spans of speech, words, turns and the transcript of a recording; values and nothing else."""

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RATE = 16_000
"""Samples a second of all sound after decoding, which is what Whisper and Silero hear."""


@dataclass(frozen=True)
class Origin:
    """What a file said about itself: container, codec, samples a second, channels, and seconds where it names them."""

    container: str
    codec: str
    rate: int
    channels: int
    seconds: float | None = None


@dataclass(frozen=True)
class Sound:
    """Decoded sound: `samples` is float32 of shape (channels, n) within -1 … 1, one or two channels at `rate` a second."""

    samples: "NDArray[np.float32]"
    rate: int = RATE
    origin: Origin | None = None

    @property
    def duration(self) -> float:
        """Seconds."""
        return float(self.samples.shape[1]) / self.rate

    @property
    def mono(self) -> "NDArray[np.float32]":
        """All channels in one, of shape (n,)."""
        one: NDArray[np.float32] = self.samples.mean(axis=0, dtype=self.samples.dtype)
        return one


@dataclass(frozen=True)
class Span:
    """From `start` to `end`, in seconds of the recording."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start


@dataclass(frozen=True)
class Word:
    """A word (in Chinese a character or a few) with its seconds in the recording and how sure the model is, 0 … 1."""

    text: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True)
class Turn:
    """What one person said without another in between, in seconds of the recording.

    `lang` is zh, en, mixed, the code of what else was spoken, or und where it was not understood. `speaker` is A for who
    speaks first (with two channels: on the left) and B for the other, until somebody names them; `speaker_certainty`
    (0 … 1) is of that, `certainty` (0 … 1) of the words. `speaker_is_estimated` is True where the voices were told apart by
    their sound alone. `is_corrected` says that a person put its words or its speaker right.
    """

    start: float
    end: float
    text: str
    words: tuple[Word, ...]
    lang: str
    speaker: str
    speaker_certainty: float
    speaker_is_estimated: bool
    certainty: float
    is_corrected: bool = False


@dataclass(frozen=True)
class Transcript:
    """A recording in words.

    `model` is who heard it; `notice` is the key of what must be said beside it (`synthetic_only`: the model knows no real
    people). `speech` is where somebody spoke, on any channel. `customer` is the speaker who is the customer, None where that
    is doubtful. `is_cut_short` says that the file ended before the recording did.
    """

    turns: tuple[Turn, ...]
    model: str
    notice: str | None
    duration: float
    speech: tuple[Span, ...]
    two_channels: bool
    customer: str | None = None
    customer_certainty: float = 0.0
    is_cut_short: bool = False

    @property
    def speakers(self) -> tuple[str, ...]:
        """Who speaks, in the order in which they begin."""
        return tuple(dict.fromkeys(turn.speaker for turn in self.turns))

    @property
    def text(self) -> str:
        """Every turn on a line of its own."""
        return "\n".join(turn.text for turn in self.turns)


@dataclass(frozen=True)
class Piece:
    """A part of a recording that is done, a value to store and to go on from: `number` counts from 0, `model` heard it."""

    number: int
    span: Span
    model: str
    turns: tuple[Turn, ...] = field(default=())


def as_data(value: Transcript | Piece) -> dict[str, Any]:
    """Return the value as JSON can hold it; `transcript_of` and `piece_of` read it back."""
    return asdict(value)


def transcript_of(data: dict[str, Any]) -> Transcript:
    """Read back what `as_data` gave of a transcript."""
    turns = tuple(_turn(one) for one in data["turns"])
    return Transcript(**{**data, "turns": turns, "speech": tuple(Span(**one) for one in data["speech"])})


def piece_of(data: dict[str, Any]) -> Piece:
    """Read back what `as_data` gave of a piece."""
    return Piece(**{**data, "span": Span(**data["span"]), "turns": tuple(_turn(one) for one in data["turns"])})


def _turn(data: dict[str, Any]) -> Turn:
    return Turn(**{**data, "words": tuple(Word(**one) for one in data["words"])})
