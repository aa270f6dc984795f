"""A model of emotion is a folder: the shipped one, or a stronger one with other inputs and labels and the same answer."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.voice.tones import Call, buzz, syllables
from voice.emotion_model import MODEL_FILE, PROFILE_FILE, SHIPPED, EmotionModel
from voice.features import NAMES, statistics, tracks
from voice.mood import mood, overall, recording_of_a_customer

PLUGGED = Path(__file__).parent / "files" / "loudness"


def test_the_shipped_model_gives_probabilities_and_is_small() -> None:
    model = EmotionModel.load()
    rows = np.stack([statistics(tracks(syllables(pitch))) for pitch in (110.0, 200.0)])

    told = model.of_features(rows)

    assert told.shape == (2, 4)
    assert told.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert (told > 0).all()
    assert (SHIPPED / MODEL_FILE).stat().st_size < 1_000_000


def test_the_same_voice_is_told_otherwise_when_it_is_known_how_it_sounds_when_calm() -> None:
    model = EmotionModel.load()
    rows = statistics(tracks(syllables(np.linspace(180, 260, 5))))[None]
    lower = rows[0].copy()
    lower[NAMES.index("voiced_pitch_mean")] -= 8
    lower[NAMES.index("voiced_pitch_middle")] -= 8

    alone, itself, raised = (model.of_features(rows, calm)[0] for calm in (None, rows[0], lower))

    assert not np.allclose(alone, itself, atol=1e-3)
    assert not np.allclose(itself, raised, atol=1e-3)


def test_a_row_does_not_depend_on_what_else_is_judged_with_it() -> None:
    model = EmotionModel.load()
    rows = np.stack([statistics(tracks(syllables(pitch))) for pitch in (110.0, 150.0, 200.0)])

    assert model.of_features(rows[1:2])[0] == pytest.approx(model.of_features(rows)[1], abs=1e-5)


def test_a_stronger_model_hears_the_sound_itself_and_gives_the_same_kind_of_answer() -> None:
    model = EmotionModel.load(PLUGGED)

    loud, quiet = (
        overall(recording_of_a_customer(Call(buzz(140, 3, strength=strength))), model) for strength in (0.5, 0.02)
    )

    assert loud.likeliest == "angry"
    assert quiet.likeliest == "sad"
    assert sum(loud.by_name().values()) == pytest.approx(1)


def test_with_a_stronger_model_a_call_has_the_same_curve() -> None:
    sound = np.concatenate([buzz(140, 12, strength=0.02), buzz(140, 12, strength=0.5), buzz(140, 12, strength=0.02)])

    told = mood(recording_of_a_customer(Call(sound)), EmotionModel.load(PLUGGED))

    assert told.model == "loudness"
    angry = [peak for peak in told.peaks if peak.emotion == "angry"]
    assert len(angry) == 1
    assert 12 <= angry[0].at <= 24
    assert not told.knows_calm


def test_a_folder_without_a_model_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no emotion model can be loaded from here"):
        EmotionModel.load(tmp_path)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"inputs": ["features"]}, "takes"),
        ({"inputs": ["pictures"]}, "takes"),
        ({"labels": ["sad", "angry", "neutral", "joy", "fear"]}, "stands for happy"),
        ({"labels": None}, "no emotion model"),
        ({"file": "elsewhere.onnx"}, "no emotion model"),
    ],
    ids=["other inputs", "unknown inputs", "a label is missing", "no labels", "no file"],
)
def test_a_profile_that_does_not_fit_is_refused(changed: dict[str, object], said: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(PLUGGED, folder)
    profile = yaml.safe_load((folder / PROFILE_FILE).read_text(encoding="utf-8"))
    (folder / PROFILE_FILE).write_text(yaml.safe_dump({**profile, **changed}), encoding="utf-8")

    with pytest.raises(ValueError, match=said):
        EmotionModel.load(folder)


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(PLUGGED, folder)
    (folder / "model.onnx").write_bytes(b"no model")

    with pytest.raises(ValueError, match="no emotion model can be loaded"):
        EmotionModel.load(folder)
