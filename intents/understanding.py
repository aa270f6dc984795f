"""What was understood of one text: the value that leaves the ground floor and travels up the road."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]
Control = Literal["help", "undo", "why", "more", "choice", "yes", "no", "ack"]
SlotValue = str | float | dict[str, object]


@dataclass(frozen=True)
class Candidate:
    """A possible reading; `confidence` is a calibrated probability, 0 to 1."""

    intent: str
    confidence: float


@dataclass(frozen=True)
class Slot:
    """A piece of information in the text.

    `text` is the exact substring that begins at offset `start` (in code points) of the original text. `value` is
    what it stands for: amount `{"amount", "currency"}`; percent a number (a discount as what is taken off);
    date ISO 8601; duration ISO 8601; phone E.164; everything else normalised text. A company or person that
    could be several known ones keeps the mention as its value (see `Names.candidates`).
    """

    type: str
    text: str
    start: int
    value: SlotValue


@dataclass(frozen=True)
class Understanding:
    """One reading of one text.

    `alternatives` are the runners-up, best first; `also` are further intents said beside the main one.
    `control` is set when the whole text is a word that steers the dialogue; `number` is the option picked when
    that word is a choice. `reported` means the words are a customer's, quoted or forwarded by someone else.
    `sure` is false where the dialogue should rather ask. `model` is the version of the model that read it. `evidence` is
    the sentence, as it stands in a long text, that shows a frozen budget. `plain` is the text with the house's own words
    put plainly, where it has any. `dictionary` is the version of the dictionary that the intents are of.
    """

    text: str
    lang: Language
    intent: str
    confidence: float
    alternatives: tuple[Candidate, ...]
    also: tuple[Candidate, ...]
    slots: tuple[Slot, ...]
    control: Control | None
    number: int | None
    reported: bool
    sure: bool
    model: str
    evidence: str = ""
    plain: str | None = None
    dictionary: str = ""
