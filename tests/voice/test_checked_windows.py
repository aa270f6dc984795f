"""Whisper knows windows of 30 s: what it hears in a shorter one stands only where nothing speaks against it.

The checkpoint is the one with random weights, with the model below it replaced by one that says what the test has it say; it
takes the calls that CTranslate2 takes, no others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.voice.encoding import RATE, fixture
from tests.voice.random_whisper import make_random_whisper
from voice.doubt import LIKELY, REPEATS, Hearing, goes_round, is_in_doubt, most_tokens
from voice.profile import BUILT_IN, LARGE, SHIPPED, Profile, profile_of, read_profile
from voice.transcribe import Whisper

SHORT, FULL = "send the offer", "send the offer today"
GREEDY = replace(LARGE, beam=1, temperatures=(0.0, 0.4), word_times=False, languages=("en",))


@dataclass(frozen=True)
class Said:
    """What the model below answers for one window."""

    text: str
    average: float = -0.3
    no_speech: float = 0.01
    runs_on: bool = False


@dataclass(frozen=True)
class Generated:
    """As CTranslate2's result is read."""

    sequences_ids: Sequence[Sequence[int]]
    scores: Sequence[float]
    no_speech_prob: float


@dataclass
class Scripted:
    """CTranslate2's model: `short` is said over windows under 30 s, `full` over the others."""

    below: Any
    tokenizer: Any
    short: Said
    full: Said
    is_multilingual: bool = True
    windows: list[np.ndarray[Any, Any]] = field(default_factory=list)
    asked: list[tuple[int, float, int]] = field(default_factory=list)
    "Frames of the window, temperature and tokens allowed, of each try."

    @property
    def device(self) -> str:
        return "cpu"

    def detect_language(self, features: Any) -> Any:
        return self.below.detect_language(features)

    def align(
        self, features: Any, start: list[int], text: list[list[int]], frames: list[int] | int, *, median_filter_width: int
    ) -> Any:
        return self.below.align(features, start, text, frames, median_filter_width=median_filter_width)

    def encode(self, features: Any, *, to_cpu: bool) -> Any:
        self.windows.append(np.array(features)[0])
        return self.below.encode(features, to_cpu=to_cpu)

    def generate(
        self,
        features: Any,
        prompts: list[list[int]],
        *,
        length_penalty: float,
        repetition_penalty: float,
        no_repeat_ngram_size: int,
        max_length: int,
        return_scores: bool,
        return_no_speech_prob: bool,
        suppress_blank: bool,
        suppress_tokens: Sequence[int] | None,
        max_initial_timestamp_index: int,
        beam_size: int,
        patience: float = 1.0,
        num_hypotheses: int = 1,
        sampling_topk: int = 1,
        sampling_temperature: float = 0.0,
    ) -> list[Generated]:
        assert max_length <= 448
        frames = self.windows[-1].shape[1]
        said = self.full if frames == 3000 else self.short
        most = min(max_length // 2, max_length - len(prompts[0]))
        self.asked.append((frames, sampling_temperature, most))
        zero = self.tokenizer.token_to_id("<|0.00|>")
        ids = [zero, *self.tokenizer.encode(said.text, add_special_tokens=False).ids, zero + 50]
        if said.runs_on:
            ids = (ids * most)[:most]
        assert len(ids) <= most
        return [Generated([ids], [said.average * (len(ids) + 1) / len(ids) ** length_penalty], said.no_speech)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_random_whisper(tmp_path_factory.mktemp("models") / "noise")


def scripted(folder: Path, short: Said, full: Said | None = None, profile: Profile = GREEDY) -> tuple[Whisper, Scripted]:
    whisper = Whisper.load(folder, 1, "cpu", profile)
    inner: Any = whisper._model
    below = Scripted(inner.model, inner.hf_tokenizer, short, full or Said(FULL))
    inner.model = below
    return whisper, below


def sound(seconds: float) -> Any:
    return fixture("call_en.ogg")[: round(seconds * RATE)]


def texts(whisper: Whisper, seconds: float, bias: Sequence[str] = ()) -> list[str]:
    return [one.text for one in whisper.hear(sound(seconds), bias, lang="en")]


@pytest.mark.parametrize("seconds", [1.0, 4.0, 12.0])
def test_what_is_heard_well_in_a_short_window_is_heard_once(seconds: float, folder: Path) -> None:
    whisper, below = scripted(folder, Said(SHORT))
    assert SHORT in texts(whisper, seconds)
    first = below.windows[0].shape[1]
    assert first % 2 == 0
    assert abs(first - 100 * (seconds + GREEDY.window_padding)) <= 12
    assert all(window.shape[1] < 3000 for window in below.windows)


def test_behind_the_clip_there_is_silence(folder: Path) -> None:
    whisper, below = scripted(folder, Said(SHORT))
    texts(whisper, 3.0)
    window = below.windows[0]
    assert np.all(window[:, 310:] == window[:, :300].min())
    assert window[:, :300].min() < 0


@pytest.mark.parametrize(
    "short",
    [
        Said(SHORT, runs_on=True),
        Said(SHORT, average=LIKELY - 0.05),
        Said(SHORT, no_speech=0.61),
        Said(""),
        Said(" "),
        Said("send the offer. Send the offer"),
        Said("the door door door door"),
    ],
    ids=["no end", "unlikely", "silence", "nothing", "a blank", "twice the same", "one word on and on"],
)
@pytest.mark.parametrize("beam", [1, 5])
def test_what_is_in_doubt_in_a_short_window_is_heard_once_more_in_30_seconds(short: Said, beam: int, folder: Path) -> None:
    whisper, below = scripted(folder, short, profile=replace(GREEDY, beam=beam))
    assert texts(whisper, 3.0)[0] == FULL
    assert [frames == 3000 for frames, _, _ in below.asked[:2]] == [False, True]
    assert not any(frames < 3000 for frames, _, _ in below.asked[1:])


def test_a_short_window_is_tried_at_one_temperature_and_the_full_one_at_all(folder: Path) -> None:
    unlikely = Said(SHORT, average=-2.0)
    whisper, below = scripted(folder, unlikely, full=unlikely)
    texts(whisper, 1.0)
    assert [(frames == 3000, temperature) for frames, temperature, _ in below.asked] == [
        (False, 0.0),
        (True, 0.0),
        (True, 0.4),
    ]


@pytest.mark.parametrize("names", [(), tuple(f"product {number}" for number in range(60))])
@pytest.mark.parametrize("seconds", [0.5, 2.0, 10.0])
def test_a_runaway_costs_no_more_tokens_than_can_be_said_in_that_time(
    seconds: float, names: tuple[str, ...], folder: Path
) -> None:
    whisper, below = scripted(folder, Said("a", runs_on=True))
    texts(whisper, seconds, names)
    short, full = below.asked[:2]
    assert short[2] == most_tokens(round(seconds, 2))
    assert full[2] > short[2]


def test_a_window_that_would_be_nearly_as_long_is_a_full_one_and_not_doubted(folder: Path) -> None:
    whisper, below = scripted(folder, Said(SHORT), full=Said(FULL, average=LIKELY - 0.1))
    assert texts(whisper, 18.5)[0] == FULL
    assert {window.shape[1] for window in below.windows} == {3000}
    assert len(below.asked) == len(below.windows)


def test_without_a_padding_nothing_is_short(folder: Path) -> None:
    whisper, below = scripted(folder, Said(SHORT), profile=replace(GREEDY, window_padding=None))
    assert texts(whisper, 2.0)[0] == FULL
    assert {window.shape[1] for window in below.windows} == {3000}


def test_a_model_that_knows_short_windows_is_not_doubted(folder: Path) -> None:
    profile = replace(GREEDY, window_padding=1.5, knows_short_windows=True, temperatures=(0.0,))
    whisper, below = scripted(folder, Said(SHORT, average=-0.99), profile=profile)
    assert texts(whisper, 1.0)[0] == SHORT
    assert all(window.shape[1] < 3000 for window in below.windows)
    assert np.all(below.windows[0][:, 110:] == 0)


def test_words_have_their_times_within_the_clip(folder: Path) -> None:
    whisper, below = scripted(folder, Said(SHORT), profile=replace(GREEDY, beam=5, word_times=True))
    heard = whisper.hear(sound(3.0), lang="en")
    assert "".join(word.text for word in heard[0].words) == heard[0].text == SHORT
    assert all(0 <= word.start <= word.end <= 3.01 for one in heard for word in one.words)
    assert below.windows[0].shape[1] < 3000


def test_what_is_sure_and_new_is_not_doubted() -> None:
    sure = Hearing("please send it", 8, 40, -0.2, 0.1, 0.8)
    assert not is_in_doubt(sure, 0.6)
    assert is_in_doubt(replace(sure, tokens=40), 0.6)
    assert is_in_doubt(replace(sure, compression=REPEATS + 0.1), 0.6)
    assert is_in_doubt(sure, 0.05)


@pytest.mark.parametrize(
    ("text", "goes"),
    [
        ("dogs are sitting by the door", False),
        ("no no no, that is fine", False),
        ("no no no no", True),
        ("Book a room. Book a room.", True),
        ("Well, book a room; book a room", True),
        ("Book a room. The book a room.", True),
        ("by the door and by the window", False),
        ("谢谢谢谢您", True),
        ("对对对，我们明天签", False),
        ("我们明天签，我们明天签", True),
        ("我们明天签，你们后天签", False),
        ("", False),
    ],
)
def test_text_goes_round_where_words_follow_themselves(text: str, goes: bool) -> None:
    assert goes_round(text) is goes


@pytest.mark.parametrize("name", ["tiny", "base", "small", "medium", "large-v3", "large-v3-turbo", "base.en"])
def test_every_model_by_name_is_checked_in_its_short_windows(name: str) -> None:
    profile = profile_of(name)
    assert profile.window_padding == LARGE.window_padding
    assert not profile.knows_short_windows


def test_the_shipped_model_knows_them() -> None:
    assert BUILT_IN.knows_short_windows
    assert profile_of(str(SHIPPED), SHIPPED).knows_short_windows


def test_a_profile_beside_a_model_turns_them_off(tmp_path: Path) -> None:
    (tmp_path / "voice-profile.yaml").write_text("window_padding: null\n", encoding="utf-8")
    assert read_profile(tmp_path / "voice-profile.yaml").window_padding is None
