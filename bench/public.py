"""The recipe that trains the shipped model, on two public English sets, beside what others published for them.

It needs the training extra and the sets, which do not come with the project; without them it says so.
"""

import gzip
import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.table import Figure, Result
from intents.encoder import Encoder
from intents.jury import Jury, Vote
from intents.training.corpus import Utterance
from intents.training.fit import best_vote, fit

_ROOT = Path(__file__).parent.parent
TEXT = _ROOT.parent / "shared" / "data" / "text"
BASE = _ROOT / "intents" / "base"
_SEED = 6
_SET_ASIDE = 500
"""Training lines that the votes of both readers are chosen on, and nothing else."""
_OUTSIDE = "oos"


@dataclass(frozen=True)
class Set:
    """One set; `published` are accuracies of others, as they were read in the papers or run in ten seconds (the SVM)."""

    name: str
    epochs: int
    aim: float
    published: tuple[tuple[str, float], ...]


SETS = (
    Set("banking77", 12, 0.93, (("BERT-base", 0.937), ("linear SVM on n-grams", 0.915))),
    Set("clinc150", 10, 0.955, (("BERT-base", 0.969), ("linear SVM on n-grams", 0.928))),
)


def measure(one: Set, text: Path, base: Path) -> Result:
    title = f"The same recipe on {one.name}: accuracy of what is in scope"
    if not (text / one.name).is_dir():
        return Result(title, [], [f"not run: there is no {text / one.name}"])
    try:
        from intents.training import tune
    except ModuleNotFoundError as error:
        return Result(title, [], [f"not run: it needs {error.name}; `make test-training` sets the training extra up"])
    taught = list(_lines(text / one.name, "train"))
    random.Random(_SEED).shuffle(taught)
    aside, taught = taught[:_SET_ASIDE], taught[_SET_ASIDE:]
    judged = list(_lines(text / one.name, "test"))
    grams = fit(taught, _SEED, lambda labels: labels)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        tune.tuner(base, made / "work", tune.Recipe(epochs=one.epochs))(taught, grams.labels, _SEED, made)
        encoder = Encoder.load(made)
    margins = np.array([grams.margins(line.text) for line in aside], np.float32)
    logits = np.array([encoder.read(line.text).main for line in aside], np.float32)
    vote = Vote(*best_vote(logits, margins, np.array([grams.labels.index(line.intent) for line in aside])))
    readers = {
        "both vote": Jury(grams, encoder, vote),
        "encoder alone": Jury(grams, encoder, Vote(1.0, 0.0)),
        "n-grams alone": Jury(grams),
    }
    figures = [
        Figure(name, _accuracy(jury, judged), "", beside, there, f"≥ {one.aim}")
        for name, jury in readers.items()
        for beside, there in one.published
    ]
    return Result(title, figures, [f"int8, tuned from {base.name}, {one.epochs} epochs, {len(taught)} lines"])


def _accuracy(jury: Jury, judged: Sequence[Utterance]) -> float:
    right = [jury.labels[int(jury.probabilities(one.text).argmax())] == one.intent for one in judged]
    return sum(right) / len(right)


def _lines(folder: Path, part: str) -> Iterator[Utterance]:
    """Yield the lines of a part that are in scope."""
    for file in sorted(folder.glob(f"{part}.jsonl*")):
        with gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                entry = json.loads(line)
                if entry["label"] != _OUTSIDE:
                    yield Utterance(entry["text"], "en", None, entry["label"], (), part, f"{file.name}:{number}")
