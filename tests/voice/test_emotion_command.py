"""`parley call emotion FILE…`: one JSON object a line for each file with speech, one clear sentence for each without."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.parley import run
from tests.voice.tones import silence, syllables, written

PLUGGED = Path(__file__).parent / "files" / "loudness"


def test_each_file_gets_a_line_in_its_order(tmp_path: Path) -> None:
    short = written(syllables(130, 2), tmp_path / "短.wav")
    long = written(syllables(np.linspace(150, 250, 20), 30), tmp_path / "long.wav")

    ran = run(tmp_path / "home", "call", "emotion", str(long), str(short))

    assert ran.code == 0, ran.err
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert [line["file"] for line in lines] == [str(long), str(short)]
    for line in lines:
        assert list(line) == ["file", "scores"]
        assert list(line["scores"]) == ["angry", "happy", "neutral", "sad"]
        assert sum(line["scores"].values()) == pytest.approx(1, abs=0.001)


def test_files_without_speech_are_named_and_do_not_stop_the_others(tmp_path: Path) -> None:
    good = written(syllables(130, 2), tmp_path / "good.wav")
    still = written(silence(3), tmp_path / "still.wav")
    (tmp_path / "empty.wav").touch()
    (tmp_path / "words.mp3").write_text("no sound at all, only words", encoding="utf-8")
    files = [still, tmp_path / "empty.wav", tmp_path / "words.mp3", tmp_path / "absent.wav", good]

    ran = run(tmp_path / "home", "call", "emotion", *map(str, files))

    assert ran.code == 1
    assert [json.loads(line)["file"] for line in ran.out.splitlines()] == [str(good)]
    said = ran.err.splitlines()
    assert len(said) == 4
    assert [line.split(":")[0] for line in said] == [str(file) for file in files[:4]]
    assert "Traceback" not in ran.err


def test_another_model_is_given_as_a_folder(tmp_path: Path) -> None:
    loud = written(syllables(130, 3, strength=0.6), tmp_path / "loud.wav")

    ran = run(tmp_path / "home", "call", "emotion", "--model", str(PLUGGED), str(loud))
    none = run(tmp_path / "home", "call", "emotion", "--model", str(tmp_path), str(loud))

    assert json.loads(ran.out)["scores"]["angry"] > 0.4
    assert none.code == 1
    assert "no emotion model can be loaded" in none.err
    assert len(none.err.splitlines()) == 1


def test_without_a_file_it_is_used_wrongly(tmp_path: Path) -> None:
    assert run(tmp_path / "home", "call", "emotion").code == 2
