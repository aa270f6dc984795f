"""`parley intents evaluate`: how well the whole reader, as it runs, reads a labelled file, and where it errs."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import numpy as np

from intents.dictionary import load_dictionary
from intents.training.corpus import Utterance, read_file
from intents.training.score import Predictions, correctness, further_scores, scores
from intents.understand import Reader

_ANY_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
"""Intents do not hang on when something was said."""
_WORST = 12


@dataclass(frozen=True)
class IntentScore:
    """How one intent fared; `lines` is how often it is meant."""

    intent: str
    lines: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Confusion:
    """How often one intent was read as another."""

    meant: str
    read_as: str
    times: int


@dataclass(frozen=True)
class Evaluation:
    """`figures` over all lines, shares and milliseconds; each intent that is meant or read; the worst confusions."""

    figures: dict[str, float]
    intents: tuple[IntentScore, ...]
    confusions: tuple[Confusion, ...]
    pairs: tuple[tuple[str, str], ...]

    def as_json(self) -> dict[str, object]:
        """Return the evaluation as `--json` writes it."""
        listed = {"intents": [asdict(one) for one in self.intents], "confusions": [asdict(one) for one in self.confusions]}
        return {**self.figures, **listed}


def evaluate(file: Path, model: Path, dictionary: Path) -> Evaluation:
    """Raise ValueError when the file, the model or the dictionary cannot be used."""
    known = load_dictionary(dictionary)
    utterances = read_file(file, known.intents)
    if not utterances:
        raise ValueError(f"{file}: there is no utterance in this file")
    return _evaluation(Reader.load(model, dictionary), utterances)


def _evaluation(reader: Reader, utterances: list[Utterance]) -> Evaluation:
    labels = reader.labels
    probabilities = np.zeros((len(utterances), len(labels)))
    further, sure, milliseconds = [], [], []
    for row, utterance in enumerate(utterances):
        began = perf_counter()
        understanding = reader.understand(utterance.text, role=utterance.role, sent_at=_ANY_MOMENT)
        milliseconds.append((perf_counter() - began) * 1000)
        # only now: what is read a second time costs less, as the encoder remembers its last readings
        for candidate in reader.candidates(utterance.text, utterance.role):
            probabilities[row, labels.index(candidate.intent)] = candidate.confidence
        further.append([candidate.intent for candidate in understanding.also])
        sure.append(understanding.sure)
    predictions = Predictions(labels, probabilities)
    told = {"utterances": float(len(utterances))} | scores(predictions, utterances) | further_scores(further, utterances)
    told["asked_share"] = 1 - sum(sure) / len(sure)
    if any(sure):
        told["sure_accuracy"] = float(correctness(predictions, utterances)[np.array(sure)].mean())
    told["milliseconds_p50"], told["milliseconds_p99"] = (float(np.percentile(milliseconds, at)) for at in (50, 99))
    pairs = tuple(zip((utterance.intent for utterance in utterances), predictions.best(), strict=True))
    figures = {name: round(value, 4) for name, value in told.items()}
    return Evaluation(figures, tuple(_by_intent(pairs)), tuple(_confusions(pairs)), pairs)


def _by_intent(pairs: tuple[tuple[str, str], ...]) -> list[IntentScore]:
    meant, read = Counter(truth for truth, _ in pairs), Counter(guess for _, guess in pairs)
    hits = Counter(truth for truth, guess in pairs if truth == guess)
    return [
        IntentScore(
            intent,
            meant[intent],
            round(hits[intent] / read[intent], 4) if read[intent] else 0.0,
            round(hits[intent] / meant[intent], 4) if meant[intent] else 0.0,
            round(2 * hits[intent] / (meant[intent] + read[intent]), 4),
        )
        for intent in sorted(meant | read)
    ]


def _confusions(pairs: tuple[tuple[str, str], ...]) -> list[Confusion]:
    wrong = Counter(pair for pair in pairs if pair[0] != pair[1])
    return [Confusion(*pair, times) for pair, times in sorted(wrong.items(), key=lambda one: (-one[1], one[0]))[:_WORST]]
