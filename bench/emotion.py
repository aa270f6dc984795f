"""Emotion by the voice on corpora of acted speech, by words on voices that were not learned from, and by both together.

The corpora do not come with the project: give their folder with `--audio`; without them it says so.
"""

import csv
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import yaml

from bench.table import Figure, Result
from intents.feelings import Feelings
from intents.training import feelings as written
from voice.decode import decode, record
from voice.emotion_model import PROFILE_FILE, SHIPPED, EmotionModel
from voice.emotions import EMOTIONS, Scores, arousal_of
from voice.features import Floats, statistics, tracks
from voice.hearings import hearings
from voice.mood import Words, mood, recording_of_a_customer
from voice.training.corpus import LINES, PLAIN, Corpus, read_corpus
from voice.training.mixed_calls import calm_in_calls
from voice.training.scoring import Score, recall, score

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
    return [_learned(folder), _unheard(audio, folder, kept), _words(), _together(audio, folder)]


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
    model.of_features(hearings(rows)[None] if model.profile.hears_again else statistics(tracks(rows))[None])
    spent = (time.perf_counter() - started) / (len(rows) / 16_000)
    figures.append(Figure("time, as a share of the sound's length, one thread", spent, "", aim="≤ 0.02"))
    return Result(
        title, figures, ["all eight emotions for anger; calm, fear, disgust and surprise left out of the four classes"]
    )


def _words() -> Result:
    """Words alone, on sentences of voices that the head did not learn from."""
    title = "Emotion by words alone, on voices that were not learned from"
    feelings = Feelings.load(written.MODEL)
    if feelings is None:
        return Result(title, [], ["not run: the model of intents has no head for feelings"])
    aside = written.held_out(written.DATA)
    strangers = [one for one in written.read_sentences(written.DATA) if one.voice in aside]
    figures = [
        Figure(f"{name} ({one.sentences} sentences): {words}", value, "")
        for name, one in written.judge(feelings, strangers).items()
        for words, value in (
            (_TOLD["four"], one.four),
            (_TOLD["anger"], one.anger),
            (_TOLD["calibration"], one.calibration),
        )
    ]
    return Result(title, figures, [f"written for this project; held out: {', '.join(sorted(aside))}"])


def _together(audio: Path, folder: Path) -> Result:
    """Voice and words as they meet in a call: a clip that the model never heard, and words that say the same or nothing."""
    title = "Emotion by voice and words together"
    feelings = Feelings.load(written.MODEL)
    if feelings is None or not (audio / UNHEARD).is_dir():
        return Result(title, [], [f"not run: there is no {audio / UNHEARD}, or no head for feelings"])
    figures = [
        Figure(
            f"{name}: the most that its own sentences are believed", _most_believed(audio / name, feelings), "", aim="≤ 0.1"
        )
        for name in (LEARNED, UNHEARD)
        if (audio / name).is_dir()
    ]
    with (audio / UNHEARD / "manifest.csv").open(encoding="utf-8", newline="") as file:
        clips = [row for row in csv.DictReader(file) if row["emotion"] in EMOTIONS]
    aside = written.held_out(written.DATA)
    strangers = [one for one in written.read_sentences(written.DATA) if one.voice in aside]
    random = np.random.default_rng(5)
    model, truth = EmotionModel.load(folder), np.array([EMOTIONS.index(row["emotion"]) for row in clips])
    told: dict[str, list[Scores]] = {"voice alone": [], "with words that say the same": [], "with words of plain fact": []}
    for row in clips:
        with record(audio / UNHEARD / row["path"]) as recording:
            speech = recording_of_a_customer(recording)
            for name, feeling in zip(told, (None, row["emotion"], "neutral"), strict=True):
                fitting = [one.text for one in strangers if one.feeling == feeling]
                words = _spoken(feelings, str(random.choice(fitting))) if fitting else []
                felt = mood(speech, model, words).felt
                told[name].append(felt[0].scores if felt else Scores(0.25, 0.25, 0.25, 0.25))
    for name, scores in told.items():
        rows = np.array([[getattr(one, emotion) for emotion in EMOTIONS] for one in scores], np.float32)
        figures.append(Figure(f"RAVDESS, {name}: {_TOLD['four']}", recall(truth, rows.argmax(axis=1)), ""))
        angry = rows[:, 0] >= model.profile.angry_from
        figures.append(Figure(f"RAVDESS, {name}: {_TOLD['anger']}, of these four", recall(truth == 0, angry), ""))
    note = "words: a sentence of a voice that was not learned from, drawn for each clip of the four classes"
    return Result(title, figures, [note])


def _most_believed(folder: Path, feelings: Feelings) -> float:
    """The highest confidence in the sentences that a corpus is spoken in, which say nothing of any emotion."""
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        texts = sorted({row.get("text", "") for row in csv.DictReader(file)})
    return max((one.confidence for one in feelings.of(texts)), default=0.0)


def _spoken(feelings: Feelings, text: str) -> list[Words]:
    (found,) = feelings.of([text])
    scores = Scores(found.angry, found.happy, found.neutral, found.sad)
    return [Words(0.0, 60.0, scores, found.confidence)]


def judged(corpus: Corpus, model: EmotionModel) -> dict[tuple[str, str], Score]:
    """Score a corpus by a model, the voice alone and within simulated calls, over each line."""
    random = np.random.default_rng(7)
    found = {}
    for line in (PLAIN, *LINES):
        rows = (corpus.hearings if model.profile.hears_again else corpus.features)[line]
        alone = model.of_features(rows)
        found["alone", line] = _score(corpus, alone, model, knows_calm=False)
        calm = calm_in_calls(corpus, rows, arousal_of(alone), random)
        found["within a call", line] = _score(corpus, model.of_features(rows, calm), model, knows_calm=True)
    return found


def _score(corpus: Corpus, told: Floats, model: EmotionModel, *, knows_calm: bool) -> Score:
    angry_from = model.profile.calls_angry_from(knows_calm=knows_calm)
    return score(corpus.emotion, told, model.profile.sure_from, angry_from)


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
