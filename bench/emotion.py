"""The shipped model of emotion on corpora of acted speech: recall of anger and of four classes, with how much is answered.

The corpora do not come with the project: give their folder with `--audio`; without them it says so.
"""

import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import yaml

from bench.table import Figure, Result
from voice.decode import decode
from voice.emotion_model import PROFILE_FILE, SHIPPED, EmotionModel
from voice.emotions import arousal_of
from voice.features import Floats, statistics, tracks
from voice.training.corpus import LINES, PLAIN, Corpus, read_corpus
from voice.training.mixed_calls import calm_in_calls
from voice.training.scoring import Score, score

_ROOT = Path(__file__).parent.parent
AUDIO = _ROOT.parent / "shared" / "data" / "audio"
LEARNED, UNHEARD = "emotion/emodb", "emotion/ravdess_nc"
"""The corpus that the model learned from, and one that it never heard (not for commercial use: only measured on)."""
_FLOOR = "402 features, logistic regression"
_FLOORS = {
    LEARNED: {"anger": 0.884, "four": 0.798},
    UNHEARD: {"anger": 0.73, "four": 0.46},
}
"""What that floor was measured at: on EMO-DB speaker by speaker, on RAVDESS after far more training data than ours."""
_AIMS = {
    LEARNED: {"anger": "≥ 0.88", "four": "≥ 0.82"},
    UNHEARD: {"anger": "≥ 0.75", "four": "≥ 0.52"},
}
_TOLD = {
    "anger": "angry against the rest, UAR",
    "four": "four classes, UAR",
    "auc": "angry against the rest, AUC",
    "coverage": "coverage (answered, not uncertain)",
    "anger_answered": "angry, UAR among the answered",
    "four_answered": "four classes, UAR among the answered",
    "calibration": "calibration error",
}


def measure(audio: Path, folder: Path = SHIPPED, kept: Path | None = None) -> list[Result]:
    """Return a table for each corpus and a row for each figure over each line; `kept` spares reading the corpus again."""
    return [_learned(folder), _unheard(audio, folder, kept)]


def _learned(folder: Path) -> Result:
    """What was written down when the model was trained: after training on all speakers nobody is left to measure on."""
    held_out = yaml.safe_load((folder / PROFILE_FILE).read_text(encoding="utf-8"))["held_out"]
    figures = [
        one
        for name, lines in (("alone", held_out["alone"]), ("within a call", held_out["within_a_call"]))
        for line, found in lines.items()
        for one in _figures(LEARNED, name, line, found)
    ]
    note = "each speaker judged by a model that never heard them; `python -m voice.training.emotion` measures it again"
    return Result("Emotion on EMO-DB (German, acted), speaker by speaker", figures, [note])


def _unheard(audio: Path, folder: Path, kept: Path | None) -> Result:
    title = "Emotion on RAVDESS (English, acted), which the model never heard"
    if not (audio / UNHEARD).is_dir():
        return Result(title, [], [f"not run: there is no {audio / UNHEARD}"])
    corpus = read_corpus(audio / UNHEARD, lambda path: decode(path).mono, kept)
    model = EmotionModel.load(folder)
    scores = judged(corpus, model)
    figures = [one for (name, line), found in scores.items() for one in _figures(UNHEARD, name, line, asdict(found))]
    clips = sorted(file for file in (audio / UNHEARD).iterdir() if file.suffix != ".csv")[:20]
    rows = np.concatenate([decode(file).mono for file in clips])
    started = time.perf_counter()
    model.of_features(statistics(tracks(rows)))
    spent = (time.perf_counter() - started) / (len(rows) / 16_000)
    figures.append(Figure("time, as a share of the sound's length, one thread", spent, "", aim="≤ 0.02"))
    return Result(
        title, figures, ["all eight emotions for anger; calm, fear, disgust and surprise left out of the four classes"]
    )


def judged(corpus: Corpus, model: EmotionModel) -> dict[tuple[str, str], Score]:
    """Score a corpus by a model, the voice alone and within simulated calls, over each line."""
    random = np.random.default_rng(7)
    found = {}
    for line in (PLAIN, *LINES):
        rows = corpus.features[line]
        alone = model.of_features(rows)
        found["alone", line] = _score(corpus, alone, model)
        calm = calm_in_calls(corpus, rows, arousal_of(alone), random)
        found["within a call", line] = _score(corpus, model.of_features(rows, calm), model)
    return found


def _score(corpus: Corpus, told: Floats, model: EmotionModel) -> Score:
    return score(corpus.emotion, told, model.profile.sure_from, model.profile.angry_from)


def _figures(corpus: str, name: str, line: str, found: dict[str, float]) -> list[Figure]:
    return [
        Figure(
            f"{name}, {line}: {words}",
            found[what],
            "",
            _FLOOR if what in _FLOORS[corpus] and line == PLAIN else "",
            _FLOORS[corpus].get(what) if line == PLAIN else None,
            _AIMS[corpus].get(what, "") if line == PLAIN else "",
        )
        for what, words in _TOLD.items()
    ]
