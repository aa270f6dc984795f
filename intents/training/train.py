"""`parley intents train`: from a folder of labelled utterances to a model folder, swapped in whole or not at all."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence, Set
from dataclasses import asdict, dataclass, replace
from math import comb
from pathlib import Path

import numpy as np
import numpy.typing as npt

from intents.dictionary import Dictionary, load_dictionary
from intents.encoder import Encoder
from intents.grams import save_weights
from intents.jury import Jury, Vote
from intents.model import FACTS_FILE, Thresholds, load_model
from intents.reading import chances, further
from intents.training import feelings
from intents.training.card import model_card
from intents.training.corpus import Utterance, read_folder
from intents.training.fit import Steps, best_temperature, best_vote, fit
from intents.training.merge import merge
from intents.training.put import put
from intents.training.score import Predictions, correctness, further_scores, scores
from intents.training.split import Split, held_out_voices, split_by_voice
from intents.understanding import Candidate

CARD_FILE = "MODEL_CARD.md"
_BY_CHANCE = 0.01
"""How improbable a loss must be without a real one; some sixty intents are looked at, so 0.05 would cry wolf."""
SURE_IS_RIGHT = 0.95
"""Of the readings called sure, at least this share must be right on the validation voices."""

Facts = dict[str, object]


@dataclass(frozen=True)
class Training:
    """A finished training: where the model lies, and the facts that `model.json` holds."""

    folder: Path
    facts: Facts
    conflicts: int


Tuner = Callable[[Sequence[Utterance], Sequence[str], int, Path], None]
"""Fine-tunes an encoder on utterances for some labels with a seed, and writes it into a folder."""


def train(
    data: Path,
    out: Path,
    dictionary: Path,
    seed: int,
    steps: Steps = lambda labels: labels,
    *,
    tuner: Tuner | None = None,
    may_be_worse: bool = False,
    learned: Path | None = None,
) -> Training:
    """Train on the folder `data` and put the model at `out`; without a `tuner` it reads n-grams only.

    `learned` may hold corrections from the chat: they are learned from, and judge nothing. Sayings whose labels conflict
    are left out. Raise ValueError when the data cannot be learned from, and, unless it `may_be_worse`, when the model
    that lies at `out` reads the validation voices better, all in all or one intent clearly; what lies there is touched
    only after everything has worked, and kept for `roll_back`.
    """
    known = load_dictionary(dictionary)
    spoken = read_folder(data, known.intents)
    held_out = held_out_voices(data, (one.voice for one in spoken), seed)
    corrections = read_folder(learned, known.intents) if learned and any(learned.glob("*.jsonl")) else []
    merged = merge([*spoken, *corrections])
    split = split_by_voice(merged.kept, held_out)
    _refuse_what_cannot_be_judged(split)
    grams = fit(split.train, seed, steps)
    out.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        encoder = None
        if tuner is not None:
            tuner(split.train, grams.labels, seed, made)
            encoder = Encoder.load(made)
        jury = calibrate(Jury(grams, encoder), split.validation)
        thresholds = tune_thresholds(jury, split.validation, known.customers_own())
        if not may_be_worse:
            refuse_worse(jury, out, split.validation, known.customers_own())
        facts = _facts(jury, thresholds, split, known, data, seed) | {"corrections": len(corrections)}
        _write(made, jury, facts)
        if encoder is not None and (data / feelings.FEELINGS_FOLDER).is_dir():
            unheard = (*split.validation, *split.test)
            feelings.write(data / feelings.FEELINGS_FOLDER, made, encoder, split.train, unheard)
        put(made, out)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return Training(out, facts, len(merged.conflicts))


def calibrate(jury: Jury, validation: Sequence[Utterance]) -> Jury:
    """Return the readers with the votes that fit the validation voices, roles known and unknown."""
    seen = [utterance for utterance in validation if utterance.intent in jury.labels]
    told = [(u.text, u.role if is_known else None) for is_known in (False, True) for u in seen]
    margins = np.array([jury.grams.margins(text, role) for text, role in told], np.float32)
    columns = np.array([jury.labels.index(utterance.intent) for utterance in seen] * 2)
    if jury.encoder is None:
        return replace(jury, grams=replace(jury.grams, temperature=best_temperature(margins, columns)))
    logits = np.array([jury.encoder.read(text, role).main for text, role in told], np.float32)
    return replace(jury, vote=Vote(*best_vote(logits, margins, columns)))


def tune_thresholds(jury: Jury, validation: Sequence[Utterance], customers_own: Set[str]) -> Thresholds:
    """Return the lowest `ask` at which sure readings are right often enough, and the `also` of the best F1."""
    predictions = predict(jury, validation, customers_own, is_role_known=False)
    right, confidence = correctness(predictions, validation), predictions.confidence()
    grid = [step / 100 for step in range(5, 96)]
    fitting = (at for at in grid if (confidence >= at).any() and right[confidence >= at].mean() >= SURE_IS_RIGHT)
    ask = next(fitting, grid[-1])
    beside = _beside(jury, validation, predictions)
    also = max(grid, key=lambda at: further_scores(_above(beside, at), validation)["also_f1"])
    return Thresholds(ask, also)


def refuse_worse(jury: Jury, out: Path, validation: Sequence[Utterance], customers_own: Set[str]) -> None:
    """Raise ValueError when the model at `out` reads more of the validation voices right, or one intent clearly better.

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
        correctness(predict(one, unheard, customers_own, is_role_known=False), unheard) for one in (former.jury, jury)
    )
    if now.mean() < before.mean():
        raise ValueError(
            f"{out}: the model there stays: it reads {before.mean():.1%} of the validation voices right, "
            f"the new one {now.mean():.1%}"
        )
    if lost := clearly_lost([utterance.intent for utterance in unheard], before, now):
        told = "; ".join(f"{intent} {was:.0%}, now {left:.0%}" for intent, was, left in lost)
        raise ValueError(f"{out}: the model there stays: the new one reads clearly less of some intents right: {told}")


def clearly_lost(
    intents: Sequence[str], before: npt.NDArray[np.bool_], now: npt.NDArray[np.bool_]
) -> list[tuple[str, float, float]]:
    """Return the intents that lost with their shares of right readings before and now, by a one-sided sign test."""
    lost = []
    for intent in sorted(set(intents)):
        inside = np.array([one == intent for one in intents], bool)
        worse, better = int((before & ~now & inside).sum()), int((now & ~before & inside).sum())
        chance = sum(comb(worse + better, k) for k in range(worse, worse + better + 1)) / 2 ** (worse + better)
        if worse > better and chance < _BY_CHANCE:
            lost.append((intent, float(before[inside].mean()), float(now[inside].mean())))
    return lost


def predict(jury: Jury, utterances: Sequence[Utterance], customers_own: Set[str], *, is_role_known: bool) -> Predictions:
    """Return the probabilities for each utterance, as they are at run time."""
    found = [chances(jury, u.text, u.role if is_role_known else None, customers_own) for u in utterances]
    return Predictions(jury.labels, np.array(found, np.float64))


def figures(
    jury: Jury,
    thresholds: Thresholds,
    utterances: Sequence[Utterance],
    customers_own: Set[str],
    *,
    is_role_known: bool,
) -> dict[str, float]:
    """Return everything that is told about a model on some utterances."""
    predictions = predict(jury, utterances, customers_own, is_role_known=is_role_known)
    told = scores(predictions, utterances)
    plain = replace(jury, grams=replace(jury.grams, temperature=1.0), vote=Vote(1.0, 0.0))
    uncalibrated = predict(plain, utterances, customers_own, is_role_known=is_role_known)
    told["calibration_error_before"] = scores(uncalibrated, utterances)["calibration_error"]
    is_sure = predictions.confidence() >= thresholds.ask
    told["asked_share"] = float((~is_sure).mean())
    if is_sure.any():
        told["sure_accuracy"] = float(correctness(predictions, utterances)[is_sure].mean())
    beside = _above(_beside(jury, utterances, predictions), thresholds.also)
    told |= further_scores(beside, utterances)
    return {name: round(value, 4) for name, value in told.items()}


def _beside(jury: Jury, utterances: Sequence[Utterance], predictions: Predictions) -> list[list[Candidate]]:
    pairs = zip(utterances, predictions.best(), strict=True)
    return [further(jury, utterance.text, None, main) for utterance, main in pairs]


def _above(found: list[list[Candidate]], threshold: float) -> list[list[str]]:
    return [[one.intent for one in candidates if one.confidence >= threshold] for candidates in found]


def _refuse_what_cannot_be_judged(split: Split) -> None:
    if len({utterance.intent for utterance in split.train}) < 2:
        raise ValueError("the training voices show fewer than two intents; there is nothing to tell apart")
    known = {utterance.intent for utterance in split.train}
    if not any(utterance.intent in known for utterance in split.validation):
        raise ValueError("no intent of the validation voices occurs in the training voices")


def _facts(jury: Jury, thresholds: Thresholds, split: Split, dictionary: Dictionary, data: Path, seed: int) -> Facts:
    return {
        "dictionary_version": dictionary.version,
        "intents": len(jury.labels),
        "features": len(jury.grams.vocabulary),
        "seed": seed,
        "data": {file.name: _digest(file) for file in sorted(data.glob("*.jsonl"))},
        "utterances": {side: len(getattr(split, side)) for side in ("train", "validation", "test")},
        "voices": {
            side: sorted({utterance.voice for utterance in getattr(split, side)}) for side in ("train", "validation", "test")
        },
        "temperature": round(jury.grams.temperature, 4),
        **({"vote": {name: round(value, 4) for name, value in asdict(jury.vote).items()}} if jury.encoder else {}),
        "thresholds": {"ask": thresholds.ask, "also": thresholds.also},
        "scores": {
            f"{side}, role {'known' if flag else 'unknown'}": figures(
                jury, thresholds, getattr(split, side), dictionary.customers_own(), is_role_known=flag
            )
            for side in ("validation", "test")
            for flag in (False, True)
        },
    }


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def _write(made: Path, jury: Jury, facts: Facts) -> None:
    """Write what is missing in the folder that may hold an encoder."""
    digest = save_weights(jury.grams, made)
    facts["version"] = f"jury-{jury.encoder.digest[:6]}{digest[:6]}" if jury.encoder else f"linear-{digest}"
    (made / FACTS_FILE).write_text(json.dumps(facts, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    (made / CARD_FILE).write_text(model_card(facts), encoding="utf-8")
    made.chmod(0o755)
