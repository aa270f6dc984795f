"""Training the model of emotion on a corpus of tones: judged speaker by speaker, written, and read without torch."""

import csv
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.voice.tones import syllables, written
from voice.emotion_model import MODEL_FILE, PROFILE_FILE, EmotionModel
from voice.emotions import EMOTIONS
from voice.features import NAMES, statistics, tracks
from voice.training import emotion
from voice.training.graph import write_graph
from voice.training.members import Recipe
from voice.training.voters import vote

GLIDES = {"angry": (240, 300, 6.0), "happy": (190, 280, 4.0), "neutral": (130, 120, 3.5), "sad": (110, 90, 2.0)}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    rows = []
    for number, who in enumerate(("ada", "ben", "cem")):
        for name, (first, last, pace) in GLIDES.items():
            for again in range(3):
                file = f"{who}_{name}_{again}.wav"
                raised = 1 + 0.1 * number + 0.02 * again
                written(syllables(np.array([first, last]) * raised, 1.5, pace=pace), folder / file)
                rows.append({"path": file, "speaker": who, "emotion": name})
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, ["path", "speaker", "emotion"])
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_a_model_is_trained_judged_and_written(corpus: Path, tmp_path: Path) -> None:
    arguments = ["--corpus", str(corpus), "--out", str(tmp_path), "--variants", "1", "--epochs", "400"]
    emotion.main(arguments)

    profile = yaml.safe_load((tmp_path / PROFILE_FILE).read_text(encoding="utf-8"))
    assert profile["labels"] == list(EMOTIONS)
    assert profile["held_out"]["alone"]["clean"]["four"] > 0.5
    model = EmotionModel.load(tmp_path)
    rows = [statistics(tracks(syllables(np.array(glide), 1.5, pace=pace))) for *glide, pace in GLIDES.values()]
    told = model.of_features(np.stack(rows))
    assert told.shape == (4, 4)
    assert told[0].argmax() == EMOTIONS.index("angry")


def test_the_written_graph_says_what_the_trained_networks_say(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    labels = np.tile(np.arange(4), 100)
    rows = (random.normal(size=(400, len(NAMES))) + labels[:, None] * 0.3).astype(np.float32)
    recipe = Recipe(members=3, hidden=8, epochs=20, batch=64)
    alone, against = vote(rows, labels, recipe), vote(rows * 2, labels, recipe)
    write_graph(alone, against, emotion.SHARE, emotion.DOUBT, tmp_path / MODEL_FILE)
    profile = {"name": "test", "inputs": ["features", "calm", "share"], "labels": list(EMOTIONS)}
    (tmp_path / PROFILE_FILE).write_text(yaml.safe_dump(profile), encoding="utf-8")
    model = EmotionModel.load(tmp_path)
    calm = rows[0]

    both = emotion.Both(alone, against)

    assert model.of_features(rows[:9]) == pytest.approx(both.probabilities(rows[:9]), abs=1e-4)
    expected = both.probabilities(rows[:9], np.broadcast_to(calm, rows[:9].shape))
    assert model.of_features(rows[:9], calm) == pytest.approx(expected, abs=1e-4)
    assert (model.of_features(rows).argmax(axis=1) == labels).mean() > 0.6
