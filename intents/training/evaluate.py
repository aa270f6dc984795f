"""`parley intents evaluate`: how well the whole reader, as it runs, reads a labelled file."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from intents.dictionary import load_dictionary
from intents.training.corpus import Utterance, read_file
from intents.training.score import Predictions, correctness, further_scores, scores
from intents.understand import Reader

_ANY_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
"""Intents do not hang on when something was said."""


def evaluate(file: Path, model: Path, dictionary: Path) -> dict[str, float]:
    """Raise ValueError when the file, the model or the dictionary cannot be used."""
    known = load_dictionary(dictionary)
    utterances = read_file(file, known.intents)
    if not utterances:
        raise ValueError(f"{file}: there is no utterance in this file")
    return _figures(Reader.load(model, dictionary), utterances)


def _figures(reader: Reader, utterances: list[Utterance]) -> dict[str, float]:
    labels = reader.labels
    probabilities = np.zeros((len(utterances), len(labels)))
    further, sure = [], []
    for row, utterance in enumerate(utterances):
        for candidate in reader.candidates(utterance.text, utterance.role):
            probabilities[row, labels.index(candidate.intent)] = candidate.confidence
        understanding = reader.understand(utterance.text, role=utterance.role, sent_at=_ANY_MOMENT)
        further.append([candidate.intent for candidate in understanding.also])
        sure.append(understanding.sure)
    predictions = Predictions(labels, probabilities)
    told = {"utterances": float(len(utterances))} | scores(predictions, utterances) | further_scores(further, utterances)
    told["asked_share"] = 1 - sum(sure) / len(sure)
    if any(sure):
        told["sure_accuracy"] = float(correctness(predictions, utterances)[np.array(sure)].mean())
    return {name: round(value, 4) for name, value in told.items()}
