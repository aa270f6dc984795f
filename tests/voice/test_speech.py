"""Where somebody speaks, and where long recordings are cut: at silences, into pieces of at most ten minutes."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.voice.encoding import RATE, fixture, truth
from voice.speech import WINDOW, Ear, Silero, pieces, spans_of, together
from voice.transcript import Span


def marks(spans: list[Span] | tuple[Span, ...], seconds: float) -> np.ndarray:
    """A hundred marks a second: is somebody speaking."""
    marked = np.zeros(round(seconds * 100), bool)
    for span in spans:
        marked[round(span.start * 100) : round(span.end * 100)] = True
    return marked


@pytest.mark.parametrize("name", ["call_zh", "call_en", "alone_zh", "alone_en"])
def test_speech_is_found_and_silence_is_left_out(name: str) -> None:
    samples = fixture(f"{name}.ogg")
    found = marks(spans_of(Silero().hear(samples, is_last=True)), len(samples) / RATE)
    said = marks([Span(line["start"], line["end"]) for line in truth(name)], len(samples) / RATE)
    assert (said & ~found).sum() / said.sum() < 0.02
    assert (found & ~said).sum() / (~said).sum() < 0.35


def test_blocks_of_any_size_are_heard_as_one() -> None:
    samples = fixture("call_en.ogg")
    at_once = Silero().hear(samples, is_last=True)
    ear = Silero()
    parts = [ear.hear(samples[at : at + 70_001]) for at in range(0, len(samples), 70_001)]
    assert np.array_equal(np.concatenate([*parts, ear.hear(np.zeros(0, np.float32), is_last=True)]), at_once)


@pytest.mark.parametrize("loudness", [0.0, 0.001, 0.05])
def test_neither_silence_nor_noise_is_speech(loudness: float) -> None:
    noise = np.random.default_rng(0).normal(0, 1, 20 * RATE).astype(np.float32) * np.float32(loudness)
    assert spans_of(Silero().hear(noise, is_last=True)) == []


def test_music_of_plain_tones_is_hardly_speech() -> None:
    at = np.arange(20 * RATE) / RATE
    chords = sum(np.sin(2 * np.pi * hertz * at) for hertz in (262, 330, 392)) * 0.1
    melody = 0.2 * np.sin(2 * np.pi * 523 * (1 + (at * 2 % 4 // 1) / 8) * at)
    found = spans_of(Silero().hear((chords + melody).astype(np.float32), is_last=True))
    assert sum(span.seconds for span in found) < 2.0


@given(
    st.lists(st.floats(0, 1, width=32), max_size=400),
    st.floats(0.5, 8.0),
)
def test_spans_are_in_order_apart_within_the_recording_and_short_enough(odds: list[float], longest: float) -> None:
    spans = spans_of(np.array(odds, np.float32), Ear(longest=longest))
    assert all(0 <= span.start < span.end <= len(odds) * WINDOW / RATE + 0.001 for span in spans)
    assert all(one.end <= other.start + 0.002 for one, other in pairwise(spans))
    assert all(span.seconds <= longest + 0.002 for span in spans)


def test_whoever_speaks_without_end_is_cut_where_it_is_quietest() -> None:
    odds = np.full(2000, 0.9, np.float32)
    odds[700] = 0.4
    first, *_ = spans_of(odds, Ear(longest=28))
    assert first.end == pytest.approx(701 * WINDOW / RATE, abs=0.01)


silences = st.lists(st.tuples(st.floats(0.1, 900), st.floats(0.05, 400)), max_size=60)


@given(silences, st.floats(20, 700))
def test_pieces_follow_one_another_none_too_long_and_cut_silence_where_there_is_any(
    stretches: list[tuple[float, float]], longest: float
) -> None:
    speech, at = [], 0.0
    for silence, said in stretches:
        speech.append(Span(at + silence, at + silence + said))
        at += silence + said
    duration = at + 1.0
    cut = pieces(speech, duration, longest)
    assert cut[0].start == 0 and cut[-1].end == duration
    assert all(one.end == other.start for one, other in pairwise(cut))
    assert all(piece.seconds <= longest + 1e-6 for piece in cut)
    for piece in cut[:-1]:
        through = [one for one in speech if one.start < piece.end - 1e-6 < one.end - 2e-6]
        low = piece.start + longest / 2
        for one in through:  # only who speaks on through all of the later half is cut
            assert one.start <= low + 1e-6 and one.end >= piece.start + longest - 1e-6


def test_a_recording_without_speech_has_its_pieces_too() -> None:
    assert pieces([], 1500, 600)[-1].end == 1500
    assert pieces([], 10, 600) == [Span(0, 10)]


def test_the_longest_silence_is_chosen() -> None:
    speech = [Span(0, 350), Span(351, 400), Span(410, 590), Span(592, 900)]
    assert pieces(speech, 900, 600)[0] == Span(0, 405)


def test_what_two_channels_say_at_once_is_speech_once() -> None:
    assert together([Span(0, 2), Span(5, 6), Span(1, 3), Span(3, 4)]) == (Span(0, 4), Span(5, 6))
