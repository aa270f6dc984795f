"""The speech model that ships reads its own domain from unseen voices, invents nothing, and has what its reader asks for."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from faster_whisper import WhisperModel, decode_audio
from tokenizers import Tokenizer

import voice

MODEL = Path(voice.__file__).parent / "model" / "whisper"
CALLS = Path(__file__).parent / "files"
RATE = 16000
LARGEST = 12_000_000
TIMES = 1501


@cache
def whisper() -> WhisperModel:
    return WhisperModel(str(MODEL), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)


@cache
def vocabulary() -> Tokenizer:
    return Tokenizer.from_file(str(MODEL / "tokenizer.json"))


def hear(sound: np.ndarray[Any, Any]) -> list[Any]:
    # each clip's own language is found while it is heard
    segments, _ = whisper().transcribe(
        sound,
        language="en",
        multilingual=True,
        beam_size=5,
        temperature=0.0,
        condition_on_previous_text=False,
        no_speech_threshold=0.6,
        log_prob_threshold=None,
        compression_ratio_threshold=None,
    )
    return list(segments)


def counted(text: str) -> str:
    return re.sub(r"[\s，。？！、,.?!'’-]", "", text.lower())


def edits(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for at, sign in enumerate(one, 1):
        above, row[0] = row[0], at
        for column, against in enumerate(other, 1):
            above, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, above + (sign != against))
    return row[-1]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_call_of_two_voices_it_never_heard_is_read_turn_by_turn(lang: str) -> None:
    sound = decode_audio(str(CALLS / f"call_{lang}.opus"), sampling_rate=RATE)
    turns = yaml.safe_load((CALLS / f"call_{lang}.yaml").read_text("utf-8"))["turns"]
    assert len(turns) > 15
    wrong = total = 0
    for turn in turns:
        first, last = int((turn["start"] - 0.15) * RATE), int((turn["end"] + 0.15) * RATE)
        heard = hear(sound[max(0, first) : last])
        text = "".join(segment.text for segment in heard)
        assert bool(re.search(r"[\u4e00-\u9fff]", text)) == (lang == "zh"), text
        moments = [moment for segment in heard for moment in (segment.start, segment.end)]
        assert moments == sorted(moments)
        assert moments[0] >= 0
        assert moments[-1] <= (last - first) / RATE + 0.3
        wrong += edits(counted(turn["text"]), counted(text))
        total += len(counted(turn["text"]))
    assert wrong / total < 0.10


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_language_is_found_by_itself(lang: str) -> None:
    sound = decode_audio(str(CALLS / f"call_{lang}.opus"), sampling_rate=RATE)
    found, probability, _ = whisper().detect_language(sound[: 7 * RATE])
    assert found == lang
    assert probability > 0.9


@pytest.mark.parametrize("level", [0.0, 1e-4, 2e-3])
def test_silence_and_faint_noise_give_no_text(level: float) -> None:
    noise = (np.random.default_rng(3).standard_normal(4 * RATE) * level).astype(np.float32)
    assert "".join(segment.text for segment in hear(noise)) == ""


def test_the_empty_string_makes_it_multilingual() -> None:
    assert "" in json.loads((MODEL / "vocabulary.json").read_text("utf-8"))
    assert whisper().model.is_multilingual


def test_special_tokens_stand_behind_the_text_and_times_come_last() -> None:
    order = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|zh|>", "<|translate|>", "<|transcribe|>"]
    order += ["<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>", "<|0.00|>"]
    ids = [vocabulary().token_to_id(token) for token in order]
    assert ids == list(range(ids[0], ids[0] + len(order)))
    assert vocabulary().get_vocab_size() == ids[-1] + TIMES
    assert vocabulary().token_to_id("<|30.00|>") == ids[-1] + TIMES - 1
    assert len(json.loads((MODEL / "vocabulary.json").read_text("utf-8"))) == vocabulary().get_vocab_size()


def test_the_configuration_names_languages_and_heads_and_bars_only_an_early_end() -> None:
    config = json.loads((MODEL / "config.json").read_text("utf-8"))
    assert config["lang_ids"] == [vocabulary().token_to_id("<|en|>"), vocabulary().token_to_id("<|zh|>")]
    assert config["alignment_heads"]
    assert config["suppress_ids"] == []
    assert config["suppress_ids_begin"] == [vocabulary().token_to_id("<|endoftext|>")]


@pytest.mark.parametrize("barred", [" -", " '"])
def test_what_the_reader_bars_is_not_the_bare_space(barred: str) -> None:
    assert len(vocabulary().encode(barred, add_special_tokens=False).ids) == 1


def test_times_off_the_trained_grid_are_never_written() -> None:
    heard = hear(decode_audio(str(CALLS / "call_zh.opus"), sampling_rate=RATE)[: 3 * RATE])
    assert heard
    for segment in heard:
        assert round(segment.end * 10, 3) == round(segment.end * 10)


def test_everything_lies_in_the_folder_and_is_small() -> None:
    names = {"model.bin", "config.json", "vocabulary.json", "tokenizer.json", "preprocessor_config.json"}
    assert names | {"voice-profile.yaml", "MODEL_CARD.md"} == {path.name for path in MODEL.iterdir()}
    assert sum(path.stat().st_size for path in MODEL.iterdir()) <= LARGEST
    assert json.loads((MODEL / "preprocessor_config.json").read_text("utf-8"))["feature_size"] == 80


def test_the_profile_says_what_it_was_trained_for() -> None:
    profile = yaml.safe_load((MODEL / "voice-profile.yaml").read_text("utf-8"))
    assert profile["notice"] == "synthetic_only"
    assert profile["languages"] == ["zh", "en"]
    # it was tried with words before the sound, and reads worse
    assert profile["hotwords"] is False
    assert profile["condition_on_previous_text"] is False
    assert profile["log_prob_threshold"] is None
