"""A model that knows short windows is given a window no longer than the clip and some silence; any other the whole 30 s."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from bench.against_whisper import edits
from tests.voice.encoding import RATE, fixture
from tests.voice.random_whisper import make_random_whisper
from voice.cannot_hear import CannotHear
from voice.decode import decode
from voice.profile import LARGE, SHIPPED, profile_of, read_profile
from voice.transcribe import Whisper

CALLS = Path(__file__).parent / "files"


@cache
def shipped() -> Whisper:
    return Whisper.load(SHIPPED, 1, "cpu")


def counted(text: str) -> str:
    return re.sub(r"[\s，。？！、,.?!'’-]", "", text.lower())


def frames_of(folder: Path, padding: float | None, seconds: float) -> list[int]:
    """How many frames (10 ms each) a random model is given to encode for a clip of so many seconds."""
    profile = replace(LARGE, window_padding=padding, knows_short_windows=True, beam=1, temperatures=(0.0,))
    whisper = Whisper.load(folder, 1, "cpu", profile)
    inner: Any = whisper._model
    below, seen = inner.model, list[int]()

    class Watching:
        """The model below, with the length of what it encodes."""

        def __getattr__(self, name: str) -> Any:
            return getattr(below, name)

        def encode(self, features: Any, **named: Any) -> Any:
            seen.append(int(features.shape[2]))
            return below.encode(features, **named)

    inner.model = Watching()
    whisper.hear(fixture("call_en.ogg")[: round(seconds * RATE)])
    return seen


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_random_whisper(tmp_path_factory.mktemp("models") / "noise")


@pytest.mark.parametrize("seconds", [0.3, 2, 5.01])
def test_the_window_is_as_long_as_the_clip_and_its_padding(seconds: float, folder: Path) -> None:
    first = frames_of(folder, 1.5, seconds)[0]
    assert first % 2 == 0
    assert 100 * (seconds + 1.4) <= first <= 100 * (seconds + 1.6)


def test_the_window_is_never_longer_than_whisper_hears(folder: Path) -> None:
    assert frames_of(folder, 1.5, 29.5)[0] == 3000


def test_a_model_without_a_padding_gets_30_seconds(folder: Path) -> None:
    assert set(frames_of(folder, None, 2)) == {3000}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_shipped_model_reads_calls_of_voices_it_never_heard_in_short_windows(lang: str) -> None:
    assert shipped().profile.window_padding == profile_of(str(SHIPPED), SHIPPED).window_padding == 1.5
    sound = decode(CALLS / f"call_{lang}.opus").mono
    turns = yaml.safe_load((CALLS / f"call_{lang}.yaml").read_text("utf-8"))["turns"]
    wrong = total = 0
    for turn in turns:
        first, last = int((turn["start"] - 0.15) * RATE), int((turn["end"] + 0.15) * RATE)
        heard = shipped().hear(sound[max(0, first) : last])
        assert {one.lang for one in heard} == {lang}
        assert all(0 <= word.start <= word.end <= (last - first) / RATE + 0.3 for one in heard for word in one.words)
        said, written = counted(turn["text"]), counted("".join(one.text for one in heard))
        wrong += edits(said, written)
        total += len(said)
    assert wrong / total < 0.04


@pytest.mark.parametrize("level", [0.0, 1e-4, 1e-3])
@pytest.mark.parametrize("seconds", [0.5, 3, 12])
def test_silence_and_faint_noise_give_no_text_in_short_windows(level: float, seconds: float) -> None:
    noise = np.random.default_rng(1).normal(0, level, round(seconds * RATE)).astype(np.float32)
    assert not [one for one in shipped().hear(noise) if one.no_speech <= 0.6 and one.text.strip()]


@pytest.mark.parametrize("padding", ["-1", "31", "some"])
def test_a_padding_that_cannot_be_is_refused(padding: str, tmp_path: Path) -> None:
    (tmp_path / "voice-profile.yaml").write_text(f"window_padding: {padding}\n", encoding="utf-8")
    with pytest.raises(CannotHear):
        read_profile(tmp_path / "voice-profile.yaml")
