"""What a model does not know is told as not understood, and nothing is made of the words that it guessed."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.voice.encoding import FIXTURES, RATE, Samples, fixture, wav
from tests.voice.parrot import Parrot
from voice.languages import READ, UNKNOWN
from voice.listen import listen
from voice.profile import BUILT_IN, LARGE
from voice.report import Reading, report_of
from voice.sentences import sentences_of
from voice.sides import customer_of, shipped_cues
from voice.transcribe import Whisper
from voice.transcript import Transcript, Turn
from voice.turns import joined


def of(sound: Samples, recogniser: Parrot | Whisper) -> Transcript:
    transcript = list(listen(wav(sound[None]), recogniser))[-1].transcript
    assert transcript is not None
    return transcript


def turn(lang: str, text: str = "太贵了", start: float = 0.0, speaker: str = "A") -> Turn:
    return Turn(start, start + 2.0, text, (), lang, speaker, 1.0, False, 0.9)


def music(seconds: float = 20.0) -> Samples:
    """Chords with a tune and drums, by numpy."""
    chance, at = np.random.default_rng(0), np.arange(round(RATE / 2)) / RATE
    parts = []
    for beat in range(round(seconds * 2)):
        root = (220.0, 261.6, 196.0, 174.6)[beat // 4 % 4]
        chord = sum(np.sin(2 * np.pi * root * step * part * at) for step in (1, 1.26, 1.5, 2) for part in (1, 2, 3))
        tune = root * 4 * 2 ** (chance.choice([0, 2, 4, 7, 9]) / 12)
        sung = sum(np.sin(2 * np.pi * tune * part * (at + 0.001 * np.sin(35 * at))) / part for part in range(1, 7))
        drum = chance.normal(0, 1, len(at)) * np.exp(-18 * at) * (beat % 2) + np.sin(380 * at) * np.exp(-9 * at)
        parts.append(0.05 * chord * np.exp(-2 * at) + 0.1 * sung + 0.2 * drum)
    whole = np.concatenate(parts)
    return (0.6 * whole / np.abs(whole).max()).astype(np.float32)


def both_at_once() -> Samples:
    one, other = fixture("call_zh.ogg")[: RATE * 14], fixture("call_en.ogg")[: RATE * 14]
    return (one + other) / 2


@pytest.mark.parametrize(
    "sound", [lambda: fixture("foreign.ogg"), music, both_at_once], ids=["four languages", "music", "two people at once"]
)
def test_the_built_in_model_understands_none_of_it(sound: Callable[[], Samples]) -> None:
    transcript = of(sound(), Whisper.load(threads=1))
    assert {one.lang for one in transcript.turns} <= {UNKNOWN}
    assert sentences_of(transcript) == ()


def test_but_all_of_what_it_knows_behind_a_telephone_with_noise() -> None:
    for name in ("alone_zh.ogg", "alone_en.ogg"):
        sound = fixture(name)
        loud = float(np.sqrt((sound**2).mean()))
        noisy = sound + np.random.default_rng(1).normal(0, loud * 0.15, len(sound)).astype(np.float32)
        assert {one.lang for one in of(noisy, Whisper.load(threads=1)).turns} <= READ


def test_three_languages_in_one_recording_are_told_apart() -> None:
    sound = np.concatenate(
        [fixture("alone_zh.ogg")[: RATE * 8], fixture("foreign.ogg"), fixture("alone_en.ogg")[: RATE * 8]]
    )
    langs = [one.lang for one in of(sound, Whisper.load(threads=1)).turns]
    assert (langs[0], langs[-1]) == ("zh", "en") and UNKNOWN in langs[1:-1]


def test_the_words_of_a_model_of_people_are_left_as_it_says() -> None:
    unsure = replace(LARGE, understood_from=0.0)
    assert unsure == LARGE
    parrot = Parrot(["merci"], replace(BUILT_IN, understood_from=0.95))
    assert {one.lang for one in of(fixture("alone_zh.ogg"), parrot).turns} == {UNKNOWN}
    assert UNKNOWN not in {one.lang for one in of(fixture("alone_zh.ogg"), Parrot(["merci"], LARGE)).turns}


@pytest.mark.parametrize("lang", ["fr", UNKNOWN])
def test_nothing_is_read_from_another_language(lang: str) -> None:
    turns = (turn(lang), turn("zh", "能便宜一点吗", 4.0, "B"), turn(lang, "我明天发给您", 8.0))
    asked: list[str] = []

    def reading(sentence: object) -> Reading:
        asked.append(str(sentence))
        return Reading("objection.price", 0.9, True)

    report = report_of(Transcript(turns, "parrot", None, 20.0, (), True, "B", 1.0), reading)  # type: ignore[arg-type]
    assert len(asked) == 1 and [one.quote.text for one in report.moments] == ["能便宜一点吗"]
    assert report.promises == ()


def test_guessed_words_do_not_say_who_the_customer_is() -> None:
    said = (turn("zh", "您好我是客服很高兴为您服务"), turn("zh", "太贵了能便宜吗", 4.0, "B"))
    assert customer_of(said, shipped_cues())[0] == "B"
    assert customer_of([replace(one, lang=UNKNOWN) for one in said], shipped_cues())[0] is None


def test_turns_of_two_languages_are_not_joined_into_one() -> None:
    assert [one.lang for one in joined([turn("fr", "oui"), turn("de", "ja", 2.1), turn("zh", "好", 4.2)])] == [
        "fr",
        "de",
        "zh",
    ]
    assert [one.lang for one in joined([turn("fr", "oui"), turn("fr", "non", 2.1)])] == ["fr"]


def test_the_foreign_speech_is_committed() -> None:
    assert (FIXTURES / "foreign.ogg").stat().st_size < 60_000
