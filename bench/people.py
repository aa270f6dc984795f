"""Recordings of people through the whole of listening, from the file on: what is found in them, and how much is misheard.

The model that ships with Parley knows synthetic speech alone; here that is a figure, and the notice is counted.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.against_whisper import error
from bench.table import Figure, Result
from voice.cannot_hear import CannotHear
from voice.profile import SHIPPED, SYNTHETIC_ONLY
from voice.transcript import Transcript


@dataclass(frozen=True)
class Told:
    """A recording, what is said in it (empty where nobody wrote it down), and its transcript; none where it was refused."""

    lang: str
    said: str
    transcript: Transcript | None


def measure(speech: Path, model: Path = SHIPPED) -> Result:
    """Listen to each recording of the manifest in `speech` by `model`; without recordings it says so."""
    title = f"Recordings of people, {model.resolve().name}"
    if not (speech / "manifest.csv").is_file():
        return Result(title, [], [f"not run: there is no real speech at {speech} (say where with --speech)"])
    return Result(title, *figures_of(list(listened(speech, model))))


def listened(speech: Path, model: Path) -> Sequence[Told]:
    """The transcript of each recording; the language is found, not given."""
    from voice.listen import listen
    from voice.transcribe import Whisper

    whisper = Whisper.load(model, 1, "cpu")
    found = []
    with (speech / "manifest.csv").open(encoding="utf-8", newline="") as manifest:
        for row in csv.DictReader(manifest):
            transcript = None
            try:
                for step in listen(speech / row["path"], whisper):
                    transcript = step.transcript or transcript
            except CannotHear:
                pass
            found.append(Told(row["language"], row["text"], transcript))
    return found


def figures_of(told: Sequence[Told]) -> tuple[list[Figure], list[str]]:
    """Rows of a table, and what is to be said beside it."""
    heard = [(one, one.transcript) for one in told if one.transcript is not None]
    length = sum(transcript.duration for _, transcript in heard)
    speech = sum(span.seconds for _, transcript in heard for span in transcript.speech)
    figures = [
        Figure("recordings that were opened", len(heard), "", "there are", len(told)),
        Figure(
            "with speech found in them", sum(bool(transcript.speech) for _, transcript in heard), "", "opened", len(heard)
        ),
        Figure("speech found, of their length", 100 * speech / max(length, 0.001), "%"),
    ]
    for lang in sorted({one.lang for one in told}):
        pairs = [
            (one.said, " ".join(turn.text for turn in transcript.turns))
            for one, transcript in heard
            if one.lang == lang and one.said
        ]
        unit = "% of characters" if lang == "zh" else "% of words"
        figures.append(Figure(f"wrong in {lang}, {len(pairs)} recordings", error(lang, pairs), unit))
    warned = sum(transcript.notice == SYNTHETIC_ONLY for _, transcript in heard)
    figures.append(Figure("transcripts that say: synthetic speech only", warned, "", "transcripts", len(heard)))
    notes = [f"{length:.0f} s: read speech, commands, a telephone call. Over 100 % is more written wrongly than was said."]
    if warned:
        notes.append("This model was not made for people: set a real one (docs/voice.md) before you trust a word of it.")
    return figures, notes
