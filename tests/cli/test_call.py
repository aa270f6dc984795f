"""`parley call analyse`: a transcript on standard output, one clear line where there is none."""

import json
from pathlib import Path

import pytest

from tests.cli.parley import run
from tests.voice.encoding import FIXTURES
from tests.voice.parrot import stereo_call
from tests.voice.random_whisper import make_random_whisper

CALL = str(FIXTURES / "call_zh.ogg")
LOUDNESS = Path(__file__).parents[1] / "voice" / "files" / "loudness"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = make_random_whisper(tmp_path_factory.mktemp("models") / "noise")
    profile = {"packing": False, "temperatures": [0.0], "beam": 1, "log_prob_threshold": None, "notice": "synthetic_only"}
    (folder / "profile.json").write_text(json.dumps(profile), encoding="utf-8")
    return str(folder)


def test_a_call_as_json_has_turns_speakers_times_and_the_models_name(model: str, tmp_path: Path) -> None:
    ran = run(tmp_path, "call", "analyse", CALL, "--json", PARLEY_WHISPER_MODEL=model)
    assert ran.code == 0, ran.err
    said = json.loads(ran.out)
    assert (said["model"], said["notice"], said["two_channels"]) == ("noise", "synthetic_only", False)
    assert said["duration"] == pytest.approx(38.5, abs=0.2)
    assert len(said["speech"]) == 8
    assert all(turn["speaker"] in "AB" and turn["start"] <= turn["end"] for turn in said["turns"])


def test_in_the_terminal_it_is_lines_and_says_beside_them_what_the_model_is(model: str, tmp_path: Path) -> None:
    ran = run(tmp_path, "call", "analyse", CALL, "--lang", "zh", PARLEY_WHISPER_MODEL=model)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("00:39 long, 00:3") and "one channel, heard by noise" in ran.out
    assert "will not transcribe people" in ran.err and "PARLEY_WHISPER_MODEL" in ran.err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The recording is empty."),
        (b"%PDF-1.7" * 100, "This is no recording that I can read."),
    ],
)
def test_a_bad_file_is_one_clear_line_and_a_failure(content: bytes, sentence: str, model: str, tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(content)
    ran = run(tmp_path, "call", "analyse", str(path), PARLEY_WHISPER_MODEL=model)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(sentence) and len(ran.err.splitlines()) == 1


def test_a_model_that_is_not_there_is_answered_with_the_setting(tmp_path: Path) -> None:
    ran = run(tmp_path, "call", "analyse", CALL, PARLEY_WHISPER_MODEL="large-v3-turbo")
    assert ran.code == 1
    assert ran.err.startswith("There is no speech model at large-v3-turbo. Set PARLEY_WHISPER_MODEL")
    assert len(ran.err.splitlines()) == 1


def test_a_file_that_is_not_there_and_wrong_use(tmp_path: Path) -> None:
    assert run(tmp_path, "call", "analyse", "no-such-file.mp3").code == 1
    assert run(tmp_path, "call", "analyse", CALL, "--script", "wrong").code == 2


@pytest.fixture
def stereo(tmp_path: Path) -> str:
    path = tmp_path / "stereo.wav"
    path.write_bytes(stereo_call().getvalue())
    return str(path)


def test_how_the_customer_sounds_is_told_where_it_is_known_who_that_is(model: str, stereo: str, tmp_path: Path) -> None:
    options = ("--customer-channel", "1", "--emotion-model", str(LOUDNESS))
    ran = run(tmp_path, "call", "analyse", stereo, *options, PARLEY_WHISPER_MODEL=model)
    assert ran.code == 0, ran.err
    assert "How the customer sounds, estimated by loudness: " in ran.out
    said = run(tmp_path, "call", "analyse", stereo, *options, "--json", PARLEY_WHISPER_MODEL=model)
    mood = json.loads(said.out)["mood"]
    assert (mood["customer"], mood["model"], mood["knows_calm"]) == ("B", "loudness", False)
    assert {one["emotion"] for one in mood["felt"]} <= {"angry", "happy", "neutral", "sad", "uncertain"}
    assert all({"emotion", "at", "strength", "words"} <= set(one) for one in mood["peaks"])


def test_nobodys_mood_is_told_where_it_is_doubtful_who_the_customer_is(model: str, tmp_path: Path) -> None:
    ran = run(tmp_path, "call", "analyse", CALL, "--json", PARLEY_WHISPER_MODEL=model)
    said = json.loads(ran.out)
    assert said["customer"] is None
    assert said["mood"] is None


def test_a_folder_without_an_emotion_model_leaves_the_transcript_as_it_is(model: str, stereo: str, tmp_path: Path) -> None:
    options = ("--customer-channel", "1", "--emotion-model", str(tmp_path))
    ran = run(tmp_path, "call", "analyse", stereo, *options, PARLEY_WHISPER_MODEL=model)
    assert ran.code == 0
    assert "two channels, heard by noise" in ran.out and "sounds" not in ran.out
    assert "no emotion model can be loaded from here" in ran.err
