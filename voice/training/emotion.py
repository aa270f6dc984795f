"""`python -m voice.training.emotion --corpus FOLDER`: trains, judges speaker by speaker, and writes `voice/model/emotion`.

Two groups of readers are trained: one hears a segment alone, one hears how it differs from the same caller when calm. Nobody
is judged by a model that heard them, nor by a threshold that was chosen on them.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
import yaml

from voice.decode import decode
from voice.emotion_model import MODEL_FILE, PROFILE_FILE
from voice.emotions import EMOTIONS, arousal_of
from voice.features import NAMES, Floats
from voice.hearings import HEARINGS, agreed
from voice.training.corpus import LINES, PLAIN, Corpus, read_corpus
from voice.training.graph import TINY, write_graph
from voice.training.members import Recipe
from voice.training.mixed_calls import calm_in_calls
from voice.training.scoring import Score, recall, score
from voice.training.voters import Voters, vote

OUT = Path(__file__).parents[1] / "model" / "emotion"
VARIANTS = 18
SHARE = 0.7
"""How much the readers that know the caller's calm count, where it is known; the rest is the voice alone."""
COVERAGE = 0.75
"""The share of held-out segments that is answered: from which probability on an answer is given follows from it."""
ANGRY_FROM, ANGRY_FROM_CALM = 0.39, 0.33
"""Probability from which anger is called when a miss and a false alarm weigh the same: by the voice alone, and where the
caller's calm is known.

Chosen on EMO-DB, on its own speakers and on stand-ins for strangers (see DOUBT). By the voice alone where recalls are about
best on the mean of all lines when joy counts for the fear, disgust and surprise that callers feel too and the corpus lacks;
against calm that is flat from 0.30 to 0.37, so it is where little is lost behind a telephone.
"""
DOUBT = 1.3
"""What divides the logs of the voice alone: callers are further from the corpus than its own speakers from each other.

Chosen on EMO-DB: with it the model is as much too unsure of speakers like those learned from as it is too sure of those of
the other sex, over lines bent twice as far as any that was learned from (calibration error 0.13 and 0.12).
"""
JUDGED = (PLAIN, *LINES)
Judged = dict[str, Floats]


@dataclass(frozen=True)
class Both:
    """The two groups of readers."""

    alone: Voters
    against_calm: Voters

    def probabilities(self, features: Floats, calm: Floats | None = None) -> Floats:
        """Return (n, 4); without calm by the voice alone; of segments heard k times, (n, k, F), what these agree on."""
        rows = features.reshape(-1, len(NAMES))
        told = self._each(rows, None if calm is None else np.broadcast_to(calm, features.shape).reshape(rows.shape))
        return told if features.ndim == len(rows.shape) else agreed(told.reshape(*features.shape[:-1], -1))

    def _each(self, features: Floats, calm: Floats | None) -> Floats:
        alone = doubted(self.alone.probabilities(features))
        if calm is None:
            return alone
        return SHARE * self.against_calm.probabilities(features - calm) + (1 - SHARE) * alone


def doubted(probabilities: Floats) -> Floats:
    """Return probabilities (n, 4) of the voice alone less sure of themselves, by DOUBT."""
    bent = np.maximum(probabilities, TINY) ** (1 / DOUBT)
    return np.asarray(bent / bent.sum(axis=1, keepdims=True), np.float32)


def fit(corpus: Corpus, recipe: Recipe, kept: np.ndarray) -> Both:
    """Train both groups on the clips in the mask `kept`, over all the lines there are and as often as each is heard."""
    part = _part(corpus, kept)
    labels = np.array([EMOTIONS.index(name) for name in part.emotion])
    over_lines = [*(rows[:, at] for rows in part.hearings.values() for at in range(HEARINGS)), *part.varied]
    alone = vote(np.concatenate(over_lines), np.tile(labels, len(over_lines)), recipe)
    random = np.random.default_rng(recipe.seed)
    apart = [
        rows - calm_in_calls(part, rows, arousal_of(alone.probabilities(rows)), random)
        for rows in over_lines
        for _ in range(2)
    ]
    against = vote(np.concatenate(apart), np.tile(labels, len(apart)), replace(recipe, epochs=recipe.epochs // 2))
    return Both(alone, against)


def _part(corpus: Corpus, kept: np.ndarray) -> Corpus:
    return Corpus(
        corpus.speaker[kept],
        corpus.emotion[kept],
        corpus.seconds[kept],
        {name: rows[kept] for name, rows in corpus.hearings.items()},
        corpus.varied[:, kept],
    )


def told_by(both: Both, corpus: Corpus, seed: int = 7) -> tuple[Judged, Judged]:
    """Return the probabilities over each line, of the voice alone and within simulated calls."""
    random = np.random.default_rng(seed)
    alone = {line: both.probabilities(corpus.hearings[line]) for line in JUDGED}
    within = {
        line: both.probabilities(rows, calm_in_calls(corpus, rows, arousal_of(alone[line]), random))
        for line, rows in corpus.hearings.items()
    }
    return alone, within


def leave_each_speaker_out(corpus: Corpus, recipe: Recipe, tell: Callable[[str], None] = print) -> tuple[Judged, Judged]:
    """Return the probabilities that each clip got from readers that never heard its speaker."""
    alone: Judged = {line: np.zeros((len(corpus.speaker), len(EMOTIONS)), np.float32) for line in JUDGED}
    within: Judged = {line: np.zeros_like(alone[line]) for line in JUDGED}
    for speaker in sorted(set(corpus.speaker)):
        aside = corpus.speaker == speaker
        found = told_by(fit(corpus, recipe, ~aside), _part(corpus, aside))
        for line in JUDGED:
            alone[line][aside], within[line][aside] = found[0][line], found[1][line]
        tell(f"judged without {speaker}")
    return alone, within


def sure_from(told: Sequence[Floats]) -> float:
    """Return the highest probability that COVERAGE of these rows reach."""
    return float(np.quantile(np.concatenate([one.max(axis=1) for one in told]), 1 - COVERAGE))


def judge(corpus: Corpus, told: Judged, angry_from: float) -> dict[str, Score]:
    """Score held-out probabilities over each line; what counts as sure is chosen for each speaker on the others."""
    truth = np.array([EMOTIONS.index(name) for name in corpus.emotion])
    sure = {line: np.zeros(len(truth), bool) for line in JUDGED}
    for speaker in sorted(set(corpus.speaker)):
        own = corpus.speaker == speaker
        least = sure_from([told[line][~own] for line in JUDGED])
        for line in JUDGED:
            sure[line][own] = told[line][own].max(axis=1) >= least
    return {
        line: replace(
            score(corpus.emotion, told[line], 0.0, angry_from),
            coverage=float(sure[line].mean()),
            anger_answered=recall((truth == 0)[sure[line]], told[line][sure[line], 0] >= angry_from),
            four_answered=recall(truth[sure[line]], told[line][sure[line]].argmax(axis=1)),
        )
        for line in JUDGED
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the corpus, judge the recipe, train on all of it, write the model."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--corpus", type=Path, required=True, help="EMO-DB: a folder with manifest.csv and clips")
    asked.add_argument("--out", type=Path, default=OUT)
    asked.add_argument("--kept", type=Path, help="a file that keeps the features for the next run (.npz)")
    asked.add_argument("--variants", type=int, default=VARIANTS, help="lines drawn for each speaker")
    asked.add_argument("--clips", type=int, help="only so many clips, to try the script out")
    asked.add_argument("--epochs", type=int, default=Recipe.epochs)
    given = asked.parse_args(arguments)
    torch.set_num_threads(1)
    recipe = Recipe(epochs=given.epochs)
    corpus = read_corpus(given.corpus, lambda path: decode(path).mono, given.kept, given.variants, given.clips)
    publish(corpus, recipe, leave_each_speaker_out(corpus, recipe, _said), given.out)


def publish(corpus: Corpus, recipe: Recipe, told: tuple[Judged, Judged], out: Path) -> None:
    """Say how good the held-out probabilities are, train on all speakers, and write the model with these figures."""
    alone, within = judge(corpus, told[0], ANGRY_FROM), judge(corpus, told[1], ANGRY_FROM_CALM)
    for name, scores in (("alone", alone), ("within a call", within)):
        for line, one in scores.items():
            _said(f"{name}, {line}: {one}")
    both = fit(corpus, recipe, np.ones(len(corpus.speaker), bool))
    out.mkdir(parents=True, exist_ok=True)
    write_graph(both.alone, both.against_calm, SHARE, DOUBT, out / MODEL_FILE)
    profile = {
        "name": "parley-emotion-3",
        "inputs": ["features", "calm", "share"],
        "labels": list(EMOTIONS),
        "sure_from": round(sure_from(list(told[0].values())), 3),
        "angry_from": ANGRY_FROM,
        "angry_from_calm": ANGRY_FROM_CALM,
        "hears_again": True,
        "recipe": asdict(recipe) | {"variants": len(corpus.varied), "clips": len(corpus.speaker), "doubt": DOUBT},
        "held_out": {
            name: {line: {what: round(value, 3) for what, value in asdict(one).items()} for line, one in scores.items()}
            for name, scores in (("alone", alone), ("within_a_call", within))
        },
    }
    (out / PROFILE_FILE).write_text(yaml.safe_dump(profile, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _said(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a program for the terminal


if __name__ == "__main__":
    main()
