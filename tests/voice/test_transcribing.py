"""Whisper through faster-whisper: from a folder or by name, never from the network; every step with a real checkpoint.

The checkpoint here has random weights, so what it writes is noise; that it is asked rightly is what is looked at.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tests.voice.encoding import RATE, fixture
from tests.voice.random_whisper import make_random_whisper
from voice.cannot_hear import CannotHear
from voice.profile import BUILT_IN, LARGE, PROFILE_FILES, SHIPPED, profile_of, read_profile
from voice.slower import likelihood
from voice.transcribe import Heard, Whisper, compute_type


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_random_whisper(tmp_path_factory.mktemp("models") / "noise")


@pytest.fixture
def whisper(folder: Path) -> Iterator[Whisper]:
    (folder / "profile.json").write_text(json.dumps({"temperatures": [0.0], "beam": 1, "log_prob_threshold": None}))
    yield Whisper.load(folder, threads=1)
    (folder / "profile.json").unlink()


def test_a_model_is_called_by_its_folder(whisper: Whisper) -> None:
    assert whisper.name == "noise"
    assert whisper.profile == replace(LARGE, temperatures=(0.0,), beam=1, log_prob_threshold=None)


def test_a_clip_is_heard_with_times_inside_it(whisper: Whisper) -> None:
    samples = fixture("call_en.ogg")[: 4 * RATE]
    heard = whisper.hear(samples)
    assert heard
    for one in heard:
        assert 0 <= one.start <= one.end <= 4.01
        assert one.words and one.text.startswith(one.words[0].text)
        assert all(0 <= word.probability <= 1 and word.start <= word.end for word in one.words)
        assert one.average_log_probability < 0 and 0 <= one.no_speech <= 1


def test_only_the_languages_allowed_are_found(folder: Path) -> None:
    samples = fixture("call_en.ogg")[: 3 * RATE]
    for lang in ("zh", "en"):
        whisper = Whisper.load(folder, threads=1)
        assert {one.lang for one in whisper.hear(samples, lang=lang)} == {lang}
        (folder / "profile.json").write_text(json.dumps({"languages": [lang], "temperatures": [0.0], "beam": 1}))
        narrow = Whisper.load(folder, threads=1)
        (folder / "profile.json").unlink()
        assert {one.lang for one in narrow.hear(samples)} == {lang}


def test_a_clip_is_encoded_once_and_its_tail_not_at_all(folder: Path) -> None:
    whisper = Whisper.load(folder, threads=1)
    inner: Any = whisper._model
    encoded: list[int] = []

    class Counting:
        """The model below, with a count of what it encodes."""

        def __getattr__(self, name: str) -> Any:
            return getattr(below, name)

        def encode(self, *given: Any, **named: Any) -> Any:
            encoded.append(1)
            return below.encode(*given, **named)

    below, inner.model = inner.model, Counting()
    narrow = Whisper(inner, "noise", replace(BUILT_IN, beam=1, second_listening=False))
    for seconds in (1, 2, 5):
        encoded.clear()
        narrow.hear(fixture("call_en.ogg")[: seconds * RATE])
        assert 1 <= len(encoded) <= 4
    encoded.clear()
    narrow.hear(fixture("call_en.ogg")[: round(0.9 * RATE)])
    assert len(encoded) == 1


def test_names_are_given_as_bias_only_to_a_model_that_takes_them(folder: Path) -> None:
    samples = fixture("call_en.ogg")[: 3 * RATE]
    names = ["华康", "Northwind", *(f"product {number}" for number in range(500))]
    whisper = Whisper.load(folder, threads=1)
    asked: list[int] = []
    inner: Any = whisper._model
    ask = inner.get_prompt

    def remember(*given: Any, **named: Any) -> Any:
        prompt = ask(*given, **named)
        asked.append(len(prompt))
        return prompt

    inner.get_prompt = remember
    for takes, fits in ((True, range(10, 300)), (False, range(1, 10))):
        asked.clear()
        Whisper(inner, "noise", replace(BUILT_IN, beam=1, hotwords=takes)).hear(samples, bias=names)
        assert all(length in fits for length in asked)


def test_silence_gives_nothing_or_noise_but_ends(whisper: Whisper) -> None:
    assert len(whisper.hear(np.zeros(2 * RATE, np.float32))) < 10


@pytest.mark.parametrize("model", ["tiny", "large-v3-turbo", "somebody/whisper-made-up", "no such size", "/no/such/folder"])
def test_a_model_that_is_not_here_is_not_fetched(model: str) -> None:
    with pytest.raises(CannotHear) as refused:
        Whisper.load(model)
    assert refused.value.reason == "model_missing"
    assert refused.value.facts == {"setting": "PARLEY_WHISPER_MODEL", "model": model}


def test_an_empty_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(CannotHear) as refused:
        Whisper.load(tmp_path)
    assert refused.value.reason == "model_missing"


@pytest.mark.parametrize("broken", ["model.bin", "tokenizer.json", "voice-profile.yaml"])
def test_half_a_model_is_said_to_be_broken(broken: str, folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    if broken == "tokenizer.json":
        (tmp_path / broken).unlink()  # it would otherwise be fetched
    else:
        (tmp_path / broken).write_bytes(b"[this is none")
    with pytest.raises(CannotHear) as refused:
        Whisper.load(tmp_path)
    assert refused.value.reason == "model_broken"


def test_a_profile_beside_a_checkpoint_says_what_it_can_take(tmp_path: Path) -> None:
    said = {"max_clip_s": 12, "packing": False, "languages": ["zh"], "notice": "synthetic_only", "trained_by": "us"}
    for name in PROFILE_FILES:
        text = yaml.safe_dump(said) if name.endswith("yaml") else json.dumps(said)
        (tmp_path / name).write_text(text, encoding="utf-8")
        profile = profile_of("large-v3", tmp_path)
        assert (profile.max_clip_s, profile.packing, profile.languages) == (12, False, ("zh",))
        assert (profile.notice, profile.beam) == ("synthetic_only", LARGE.beam)
        (tmp_path / name).unlink()


@pytest.mark.parametrize(
    "wrong", ["max_clip_s: 60", "max_clip_s: 0", "beam: 0", "temperatures: []", "- a list", "a: [", "beam: x"]
)
def test_a_profile_that_is_wrong_is_refused(wrong: str, tmp_path: Path) -> None:
    (tmp_path / "voice-profile.yaml").write_text(wrong, encoding="utf-8")
    with pytest.raises(CannotHear):
        read_profile(tmp_path / "voice-profile.yaml")


@pytest.mark.parametrize(
    ("device", "supported", "chosen"),
    [
        ("cpu", {"int8", "int8_float32", "float32"}, "int8"),
        ("cpu", {"float32"}, "float32"),
        ("cuda", {"float32", "int8_float16", "float16", "int8", "int8_float32"}, "float16"),
        ("cuda", {"float32", "int8", "int8_float32"}, "int8_float32"),
        ("cuda", {"float32"}, "float32"),
    ],
)
def test_a_device_computes_in_what_it_is_good_at(device: str, supported: set[str], chosen: str) -> None:
    assert compute_type(device, supported) == chosen


def test_profiles_by_name() -> None:
    assert profile_of("small.en").languages == ("en",)
    assert profile_of("Systran/faster-whisper-large-v3").packing
    assert profile_of("medium").notice is None
    built_in = profile_of(str(SHIPPED), SHIPPED)
    assert (built_in.packing, built_in.hotwords, built_in.condition_on_previous_text) == (False, False, False)
    assert built_in.notice == "synthetic_only" and built_in.log_prob_threshold is None


def test_what_is_doubtful_is_heard_again_slower_and_kept_where_that_is_likelier(folder: Path) -> None:
    samples = fixture("call_en.ogg")[: 3 * RATE]
    loaded = Whisper.load(folder, threads=1)
    once = Whisper(loaded._model, "noise", replace(BUILT_IN, beam=1, second_listening=False)).hear(samples)
    twice = Whisper(loaded._model, "noise", replace(BUILT_IN, beam=1)).hear(samples)
    assert _likely(twice) >= _likely(once)
    assert all(0 <= one.start <= one.end <= 30 for one in twice)


def _likely(heard: list[Heard]) -> float:
    return likelihood((one.text, one.average_log_probability) for one in heard)
