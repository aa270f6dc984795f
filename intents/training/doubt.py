"""A second reading of the utterances: lists those whose label a model that never heard their voice contradicts.

`python -m intents.training.doubt [FOLDER] [--most N] >sheet.tsv` writes a review sheet, the most doubtful line first.
The sheet says where to look, never what is right: a label changes only where the reading rules of `dictionary.yaml`
decide so.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from intents.dictionary import load_dictionary
from intents.features import features
from intents.grams import Floats, softmax
from intents.training.corpus import Utterance, read_folder
from intents.training.fit import choose_vocabulary, separate, vectorise
from intents.training.merge import merge

_PACKAGE = Path(__file__).parents[1]
_FOLDS = 5
_TEMPERATURE = 7.0
"""Close to that of the shipped model; it orders the sheet and decides nothing."""
_SEED = 6
_TOLERANCE = 1e-2
"""Coarser than for the shipped model: three times as fast, and the order of the doubts hardly changes."""


@dataclass(frozen=True)
class Doubt:
    """An utterance, what the model would have read, and how much likelier (0 to 1) it finds that than the label."""

    utterance: Utterance
    reading: str
    strength: float


def doubts(utterances: Sequence[Utterance]) -> list[Doubt]:
    """Return the contradicted utterances, most doubtful first; each is read by a model without its voice.

    Raise ValueError when there are fewer than two voices.
    """
    folds = folds_by_voice(utterances)
    if len(folds) < 2:
        raise ValueError("a second reading needs utterances of two voices at least")
    found: list[Doubt] = []
    for fold in folds:
        heard = [utterance for utterance in utterances if utterance.voice not in fold]
        unheard = [utterance for utterance in utterances if utterance.voice in fold]
        found.extend(_contradictions(heard, unheard))
    return sorted(found, key=lambda doubt: -doubt.strength)


def folds_by_voice(utterances: Iterable[Utterance]) -> list[frozenset[str]]:
    """Deal the voices, longest first, to the fold with the fewest utterances so far; empty folds are left out."""
    sizes = Counter(utterance.voice for utterance in utterances)
    folds: list[set[str]] = [set() for _ in range(_FOLDS)]
    for voice, _ in sorted(sizes.items(), key=lambda pair: (-pair[1], pair[0])):
        min(folds, key=lambda fold: sum(sizes[one] for one in fold)).add(voice)
    return [frozenset(fold) for fold in folds if fold]


def _contradictions(heard: Sequence[Utterance], unheard: Sequence[Utterance]) -> Iterable[Doubt]:
    labels = sorted({utterance.intent for utterance in heard})
    chances = softmax(_margins(heard, unheard, labels) * _TEMPERATURE)
    for utterance, row in zip(unheard, chances, strict=True):
        best = int(row.argmax())
        if labels[best] not in (utterance.intent, *utterance.also):
            believed = float(row[labels.index(utterance.intent)]) if utterance.intent in labels else 0.0
            yield Doubt(utterance, labels[best], float(row[best]) - believed)


def _margins(heard: Sequence[Utterance], unheard: Sequence[Utterance], labels: Sequence[str]) -> Floats:
    vocabulary, rarity = choose_vocabulary([features(utterance.text) for utterance in heard])
    learned, judged = (
        vectorise([features(utterance.text, utterance.role) for utterance in side], vocabulary, rarity)
        for side in (heard, unheard)
    )
    margins = []
    for label in labels:
        weights, bias = separate(learned, [utterance.intent == label for utterance in heard], _SEED, _TOLERANCE)
        margins.append(judged @ weights + bias)
    return np.asarray(np.stack(margins, axis=1), np.float32)


def sheet(found: Iterable[Doubt]) -> str:
    """Return the review sheet: tab-separated, a line for each doubt."""
    rows = [("strength", "where", "role", "label", "also", "reading", "text")]
    for doubt in found:
        said = doubt.utterance
        where = Path(said.origin).name
        also = ",".join(said.also)
        text = " ".join(said.text.split())
        rows.append((f"{doubt.strength:.2f}", where, said.role or "", said.intent, also, doubt.reading, text))
    return "".join("\t".join(row) + "\n" for row in rows)


def main(arguments: Sequence[str]) -> int:
    """Write the review sheet of the folder named, or of the shipped data; 1 when a line is wrong."""
    parser = argparse.ArgumentParser(prog="python -m intents.training.doubt", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=_PACKAGE / "data")
    parser.add_argument("--most", type=int, default=500, help="how many lines the sheet has at most")
    given = parser.parse_args(arguments)
    try:
        utterances = read_folder(given.folder, load_dictionary(_PACKAGE / "dictionary.yaml").intents)
        found = doubts(merge(utterances).kept)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(sheet(found[: given.most]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
