"""The model card: what `model.json` says, as a page for people."""

from collections.abc import Mapping
from typing import Any

_FIGURES = {
    "accuracy": "accuracy",
    "accuracy_zh": "accuracy, Chinese (mixed included)",
    "accuracy_en": "accuracy, English",
    "macro_f1": "macro-F1",
    "calibration_error_before": "calibration error (ECE, 15 bins) of the raw margins",
    "calibration_error": "calibration error, calibrated",
    "out_of_scope_auroc": "out-of-scope AUROC",
    "asked_share": "share it would rather ask about",
    "sure_accuracy": "accuracy where it is sure",
    "also_precision": "further intents, precision",
    "also_recall": "further intents, recall",
    "also_f1": "further intents, F1",
}

_PAGE = """# Intent model {version}

Reads what a sales rep, manager or customer wants ({intents} intents of dictionary version {dictionary}, Chinese and
English). {readers} No large model and no network. Made by `parley intents train`, seed {seed}.

## Trained and judged on
| side | utterances | voices |
|---|---|---|
{sides}

No voice is on two sides; a saying that two voices share is kept once. Temperature ({temperature}) and thresholds
(ask below {ask}, further intents from {also}) were set on the validation voices. No weight, temperature or threshold
was fitted to the test voices. How the utterances were written and what that does to these scores: `../data/README.md`.

## Scores
| | {heads} |
|---|{rules}|
{rows}

## Meant for, and not for
It proposes readings to a dialogue that asks when unsure and confirms before anything that matters. It must not
decide anything by itself. It has seen invented business chat only: dialect, long mails and humour are where it errs,
English more than Chinese, and words it never saw tell it nothing.
"""


_GRAMS = """It reads n-grams: character 1- to 4-grams and one to three words ({features} features), two support vector
machines for each intent (is it the main one; is it said at all), int8 weights."""
_BOTH = """Two readers vote. One reads n-grams: character 1- to 4-grams and one to three words ({features} features), two
support vector machines for each intent. The other is a small transformer encoder (int8 ONNX, run by onnxruntime), tuned
jointly for the main intent, all intents said, and slots. Its base, with the text it comes from and their licences, is
described in `../base/MODEL_CARD.md`. Votes: encoder {encoder}, n-grams {grams}."""


def model_card(facts: Mapping[str, Any]) -> str:
    """Return the page; `facts` is the content of `model.json`."""
    scores: Mapping[str, Mapping[str, float]] = facts["scores"]
    sides = [f"| {side} | {count} | {', '.join(facts['voices'][side])} |" for side, count in facts["utterances"].items()]
    rows = [
        f"| {title} | " + " | ".join(_figure(told.get(name)) for told in scores.values()) + " |"
        for name, title in _FIGURES.items()
    ]
    readers = (_BOTH if "vote" in facts else _GRAMS).format(features=facts["features"], **facts.get("vote", {}))
    return _PAGE.format(
        readers=readers,
        version=facts["version"],
        intents=facts["intents"],
        dictionary=facts["dictionary_version"],
        seed=facts["seed"],
        sides="\n".join(sides),
        temperature=facts["temperature"],
        ask=facts["thresholds"]["ask"],
        also=facts["thresholds"]["also"],
        heads=" | ".join(scores),
        rules="|".join("---" for _ in scores),
        rows="\n".join(rows),
    )


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
