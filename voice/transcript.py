"""What listening gives back: who said what, when, and how sure that is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A stretch of a recording, in seconds from its beginning."""

    start: float
    end: float


@dataclass(frozen=True)
class Word:
    """One word with its time in seconds; `probability` from 0 to 1 is the model's own."""

    text: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True)
class Turn:
    """What one speaker said in one go; `certainty` is how sure the words are, from 0 to 1."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    lang: str = ""
    speaker: str = ""
    speaker_certainty: float = 0.0
    speaker_is_estimated: bool = True
    certainty: float = 0.0


@dataclass(frozen=True)
class Transcript:
    """All turns of a recording with the name of the model. `duration` and `speech` are seconds."""

    turns: tuple[Turn, ...]
    model: str
    notice: str
    duration: float
    speech: float
    two_channels: bool
