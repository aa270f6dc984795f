"""`parley intents train`: from a folder of labelled utterances to a model folder, swapped in whole or not at all."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from intents.dictionary import Dictionary, load_dictionary
from intents.model import FACTS_FILE, Floats, Thresholds, Weights, load_model, save_weights
from intents.reading import chances, further
from intents.training.card import model_card
from intents.training.corpus import Utterance, read_folder
from intents.training.fit import Steps, best_temperature, fit
from intents.training.merge import merge
from intents.training.score import Predictions, correctness, further_scores, scores
from intents.training.split import Split, held_out_voices, split_by_voice
from intents.understanding import Candidate

CARD_FILE = "MODEL_CARD.md"
SURE_IS_RIGHT = 0.92
"""Of the readings called sure, at least this share must be right on the validation voices."""

Facts = dict[str, object]


@dataclass(frozen=True)
class Training:
    """A finished training: where the model lies, and the facts that `model.json` holds."""

    folder: Path
    facts: Facts
    conflicts: int


def train(
    data: Path,
    out: Path,
    dictionary: Path,
    seed: int,
    steps: Steps = lambda labels: labels,
    *,
    may_be_worse: bool = False,
) -> Training:
    """Train on the folder `data` and put the model at `out`.

    Sayings whose labels conflict are left out. Raise ValueError when the data cannot be learned from, and, unless it
    `may_be_worse`, when the model that lies at `out` reads the validation voices better; what lies there is touched
    only after everything has worked.
    """
    known = load_dictionary(dictionary)
    merged = merge(read_folder(data, known.intents))
    split = split_by_voice(merged.kept, held_out_voices(data, (u.voice for u in merged.kept), seed))
    _refuse_what_cannot_be_judged(split)
    weights = calibrate(fit(split.train, seed, steps), split.validation)
    thresholds = tune(weights, split.validation, known.customers_own())
    if not may_be_worse:
        refuse_worse(weights, out, split.validation, known.customers_own())
    facts = _facts(weights, thresholds, split, known, data, seed)
    _put(out, weights, facts)
    return Training(out, facts, len(merged.conflicts))


def calibrate(weights: Weights, validation: Sequence[Utterance]) -> Weights:
    """Return the weights with the temperature that fits the validation voices, roles known and unknown."""
    seen = [utterance for utterance in validation if utterance.intent in weights.labels]
    margins = np.vstack([_margins(weights, seen, is_role_known=flag) for flag in (False, True)])
    columns = np.array([weights.labels.index(utterance.intent) for utterance in seen] * 2)
    return replace(weights, temperature=best_temperature(margins, columns))


def tune(weights: Weights, validation: Sequence[Utterance], customers_own: Set[str]) -> Thresholds:
    """Return the lowest `ask` at which sure readings are right often enough, and the `also` of the best F1."""
    predictions = predict(weights, validation, customers_own, is_role_known=False)
    right, confidence = correctness(predictions, validation), predictions.confidence()
    grid = [step / 100 for step in range(5, 96)]
    fitting = (at for at in grid if (confidence >= at).any() and right[confidence >= at].mean() >= SURE_IS_RIGHT)
    ask = next(fitting, grid[-1])
    beside = _beside(weights, validation, predictions)
    also = max(grid, key=lambda at: further_scores(_above(beside, at), validation)["also_f1"])
    return Thresholds(ask, also)


def refuse_worse(weights: Weights, out: Path, validation: Sequence[Utterance], customers_own: Set[str]) -> None:
    """Raise ValueError when the model at `out` reads more of the validation voices right.

    Only voices that it was not trained on are compared; where no whole model lies at `out`, or it has heard them all,
    there is nothing to compare with.
    """
    try:
        former = load_model(out)
    except ValueError:
        return
    unheard = [utterance for utterance in validation if utterance.voice not in former.heard]
    if not unheard:
        return
    before, now = (
        float(correctness(predict(one, unheard, customers_own, is_role_known=False), unheard).mean())
        for one in (former.weights, weights)
    )
    if now < before:
        raise ValueError(
            f"{out}: the model there stays: it reads {before:.1%} of the validation voices right, the new one {now:.1%}"
        )


def predict(
    weights: Weights, utterances: Sequence[Utterance], customers_own: Set[str], *, is_role_known: bool
) -> Predictions:
    """Return the probabilities for each utterance, as they are at run time."""
    found = [chances(weights, u.text, u.role if is_role_known else None, customers_own) for u in utterances]
    return Predictions(weights.labels, np.array(found, np.float64))


def figures(
    weights: Weights,
    thresholds: Thresholds,
    utterances: Sequence[Utterance],
    customers_own: Set[str],
    *,
    is_role_known: bool,
) -> dict[str, float]:
    """Return everything that is told about a model on some utterances."""
    predictions = predict(weights, utterances, customers_own, is_role_known=is_role_known)
    told = scores(predictions, utterances)
    plain = replace(weights, temperature=1.0)
    uncalibrated = predict(plain, utterances, customers_own, is_role_known=is_role_known)
    told["calibration_error_before"] = scores(uncalibrated, utterances)["calibration_error"]
    is_sure = predictions.confidence() >= thresholds.ask
    told["asked_share"] = float((~is_sure).mean())
    if is_sure.any():
        told["sure_accuracy"] = float(correctness(predictions, utterances)[is_sure].mean())
    beside = _above(_beside(weights, utterances, predictions), thresholds.also)
    told |= further_scores(beside, utterances)
    return {name: round(value, 4) for name, value in told.items()}


def _margins(weights: Weights, utterances: Sequence[Utterance], *, is_role_known: bool) -> Floats:
    return np.array([weights.margins(u.text, u.role if is_role_known else None) for u in utterances], np.float32)


def _beside(weights: Weights, utterances: Sequence[Utterance], predictions: Predictions) -> list[list[Candidate]]:
    pairs = zip(utterances, predictions.best(), strict=True)
    return [further(weights, utterance.text, None, main) for utterance, main in pairs]


def _above(found: list[list[Candidate]], threshold: float) -> list[list[str]]:
    return [[one.intent for one in candidates if one.confidence >= threshold] for candidates in found]


def _refuse_what_cannot_be_judged(split: Split) -> None:
    if len({utterance.intent for utterance in split.train}) < 2:
        raise ValueError("the training voices show fewer than two intents; there is nothing to tell apart")
    known = {utterance.intent for utterance in split.train}
    if not any(utterance.intent in known for utterance in split.validation):
        raise ValueError("no intent of the validation voices occurs in the training voices")


def _facts(weights: Weights, thresholds: Thresholds, split: Split, dictionary: Dictionary, data: Path, seed: int) -> Facts:
    return {
        "dictionary_version": dictionary.version,
        "intents": len(weights.labels),
        "features": len(weights.vocabulary),
        "seed": seed,
        "data": {file.name: _digest(file) for file in sorted(data.glob("*.jsonl"))},
        "utterances": {side: len(getattr(split, side)) for side in ("train", "validation", "test")},
        "voices": {
            side: sorted({utterance.voice for utterance in getattr(split, side)}) for side in ("train", "validation", "test")
        },
        "temperature": round(weights.temperature, 4),
        "thresholds": {"ask": thresholds.ask, "also": thresholds.also},
        "scores": {
            f"{side}, role {'known' if flag else 'unknown'}": figures(
                weights, thresholds, getattr(split, side), dictionary.customers_own(), is_role_known=flag
            )
            for side in ("validation", "test")
            for flag in (False, True)
        },
    }


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def _put(out: Path, weights: Weights, facts: Facts) -> None:
    """Write into a folder beside `out`, then swap; what was there goes only when the new one stands."""
    out.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        facts["version"] = save_weights(weights, made)
        (made / FACTS_FILE).write_text(json.dumps(facts, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        (made / CARD_FILE).write_text(model_card(facts), encoding="utf-8")
        made.chmod(0o755)
        _swap(made, out)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _swap(made: Path, out: Path) -> None:
    former = out.with_name(f".{out.name}-former")
    shutil.rmtree(former, ignore_errors=True)
    if out.exists():
        out.rename(former)
    try:
        made.rename(out)
    except OSError:
        if former.exists():
            former.rename(out)
        raise
    shutil.rmtree(former, ignore_errors=True)
