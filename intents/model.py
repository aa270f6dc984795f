"""The intent model: a folder with both readers, their votes and thresholds, and what is known about them in `model.json`."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

from intents.encoder import ENCODER_FILE, Encoder
from intents.feelings import Feelings
from intents.grams import load_weights
from intents.jury import Jury, Vote

FACTS_FILE = "model.json"


@dataclass(frozen=True)
class Thresholds:
    """Tuned on the validation voices: below `ask` the dialogue asks; from `also` on a further intent counts."""

    ask: float
    also: float


@dataclass(frozen=True)
class Model:
    """Both readers with their name and thresholds.

    `heard`: the voices they learned from, none where it is not known; `feelings`: who reads feelings from words with the
    same encoder, where its folder holds a head for it.
    """

    version: str
    thresholds: Thresholds
    jury: Jury
    heard: frozenset[str] = frozenset()
    feelings: Feelings | None = None


def load_model(folder: Path) -> Model:
    """Raise ValueError with one clear sentence when the folder holds no whole model; one without an encoder is whole."""
    try:
        facts = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
        thresholds = Thresholds(float(facts["thresholds"]["ask"]), float(facts["thresholds"]["also"]))
        heard = frozenset(map(str, facts.get("voices", {}).get("train", ())))
        grams = load_weights(folder)
        encoder = Encoder.load(folder) if (folder / ENCODER_FILE).exists() else None
        if encoder and encoder.intents != len(grams.labels):
            raise ValueError(f"the encoder tells {encoder.intents} intents apart, the n-grams {len(grams.labels)}")
        vote = Vote(**facts["vote"]) if encoder else Vote(0.0, grams.temperature)
        feelings = Feelings.load(folder, encoder) if encoder else None
        return Model(str(facts["version"]), thresholds, Jury(grams, encoder, vote), heard, feelings)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise ValueError(f"{folder}: no intent model can be loaded from here: {error}") from error
