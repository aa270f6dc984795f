"""Who speaks when: by channel for sure, by voice as an estimate; one person alone is one, and never two."""

import numpy as np
import pytest

from tests.voice.encoding import FIXTURES, RATE, fixture, truth, wav
from voice.decode import Recording, record
from voice.speakers import Stretch, by_channel, by_voice, cepstrum
from voice.speech import Silero
from voice.transcript import Span


def told_apart(recording: Recording) -> list[Stretch]:
    samples = recording.sound(Span(0, recording.duration)).samples[0]
    return by_voice(recording, Silero().hear(samples, is_last=True))


@pytest.mark.parametrize("name", ["call_zh", "call_en"])
def test_two_people_are_told_apart_and_every_sentence_is_the_right_ones(name: str) -> None:
    with record(FIXTURES / f"{name}.ogg") as recording:
        stretches = told_apart(recording)
    lines = truth(name)
    assert [one.speaker for one in stretches] == ["AB"[line["voice"]] for line in lines]
    for one, line in zip(stretches, lines, strict=True):
        assert (one.span.start, one.span.end) == pytest.approx((line["start"], line["end"]), abs=0.25)


def test_it_is_an_estimate_with_a_certainty() -> None:
    with record(FIXTURES / "call_zh.ogg") as recording:
        stretches = told_apart(recording)
    assert all(one.is_estimated and 0.5 < one.certainty < 1 for one in stretches)


def test_people_who_answer_quickly_are_told_apart() -> None:
    samples = fixture("call_en.ogg")
    lines = truth("call_en")
    pause = np.zeros(RATE // 4, np.float32)
    parts = [np.concatenate([samples[round(one["start"] * RATE) : round(one["end"] * RATE)], pause]) for one in lines]
    ends = np.cumsum([len(part) for part in parts]) / RATE
    with record(wav(np.concatenate(parts)[None])) as recording:
        stretches = told_apart(recording)
    said = [(at, "AB"[lines[int(np.searchsorted(ends, at))]["voice"]]) for at in np.arange(0.25, ends[-1], 0.1)]
    right = [voice == one.speaker for at, voice in said for one in stretches if one.span.start <= at < one.span.end]
    assert len(right) > 100 and sum(right) / len(right) > 0.85


@pytest.mark.parametrize("name", ["alone_zh", "alone_en"])
def test_a_monologue_is_one_person(name: str) -> None:
    with record(FIXTURES / f"{name}.ogg") as recording:
        assert {one.speaker for one in told_apart(recording)} == {"A"}


def test_one_person_of_a_call_is_one_person() -> None:
    for name, voice in (("call_zh", 0), ("call_zh", 1), ("call_en", 0), ("call_en", 1)):
        samples = fixture(f"{name}.ogg").copy()
        for line in truth(name):
            if line["voice"] != voice:
                samples[round(line["start"] * RATE) - 800 : round(line["end"] * RATE) + 800] = 0
        with record(wav(samples[None])) as recording:
            assert {one.speaker for one in told_apart(recording)} == {"A"}, (name, voice)


def test_who_speaks_first_is_a_and_the_same_recording_always_gives_the_same() -> None:
    with record(FIXTURES / "call_en.ogg") as recording:
        first, second = told_apart(recording), told_apart(recording)
    assert first == second and first[0].speaker == "A"


def test_a_word_or_two_are_one_person() -> None:
    with record(wav(fixture("call_en.ogg")[None, : RATE * 2])) as recording:
        assert {one.speaker for one in told_apart(recording)} == {"A"}


def test_nobody_is_nobody() -> None:
    with record(wav(np.zeros((1, 5 * RATE), np.float32))) as recording:
        assert told_apart(recording) == []


def test_by_channel_is_no_estimate() -> None:
    found = by_channel([[Span(0, 2), Span(5, 6)], [Span(3, 4)]])
    assert [(one.span.start, one.speaker, one.channel) for one in found] == [(0, "A", 0), (3, "B", 1), (5, "A", 0)]
    assert all(one.certainty == 1 and not one.is_estimated for one in found)


def test_the_cepstrum_does_not_hear_how_loud_it_is() -> None:
    samples = fixture("call_en.ogg")[RATE : RATE * 3]
    loud, quiet = cepstrum(samples)[0], cepstrum(samples * np.float32(0.2))[0]
    assert loud.shape == (198, 19)
    assert np.abs(loud - quiet).mean() < 0.25
    assert cepstrum(samples[:100])[0].shape == (0, 19)
