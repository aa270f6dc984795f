"""Stretches of speech are heard in clips, and every time in a clip is a time of the recording again."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.voice.encoding import RATE, wav
from voice.clips import JOINT, clips, within
from voice.decode import record
from voice.speakers import Stretch
from voice.transcript import Span

spoken = st.lists(
    st.tuples(st.floats(0.01, 20), st.floats(0.1, 50), st.integers(0, 1)), min_size=1, max_size=40
)  # silence before it, length, channel


def stretches_of(parts: list[tuple[float, float, int]]) -> list[Stretch]:
    made, at = [], 0.0
    for silence, length, channel in parts:
        made.append(Stretch(Span(at + silence, at + silence + length), channel, "AB"[channel], 1.0, False))
        at += silence + length
    return made


@given(spoken, st.floats(5, 28), st.booleans())
def test_all_that_is_said_is_in_a_clip_once_and_no_clip_is_too_long(
    parts: list[tuple[float, float, int]], longest: float, packing: bool
) -> None:
    given_ = stretches_of(parts)
    made = clips(given_, longest, packing=packing)
    assert all(clip.seconds <= longest + 1e-6 for clip in made)
    assert all(one.channel == clip.channel for clip in made for one in clip.stretches)
    assert packing or all(len(clip.stretches) == 1 for clip in made)
    total = sum(one.span.seconds for clip in made for one in clip.stretches)
    assert total == pytest.approx(sum(one.span.seconds for one in given_))
    for channel in (0, 1):
        heard = [one.span for clip in made if clip.channel == channel for one in clip.stretches]
        assert all(one.end <= other.start + 1e-6 for one, other in pairwise(heard))


@given(spoken, st.floats(5, 28), st.floats(0, 1))
def test_a_time_in_a_clip_is_mapped_back_and_forth(
    parts: list[tuple[float, float, int]], longest: float, share: float
) -> None:
    for clip in clips(stretches_of(parts), longest, packing=True):
        for number, (stretch, start) in enumerate(zip(clip.stretches, clip.starts, strict=True)):
            moment = start + share * stretch.span.seconds * 0.999
            assert clip.at(moment) == number
            assert clip.time(moment) == pytest.approx(stretch.span.start + moment - start, abs=1e-6)
        times = [clip.time(at) for at in np.linspace(-1, clip.seconds + 1, 50)]
        assert times == sorted(times)
        for time in times:  # never in a silence that nobody heard
            assert any(one.span.start <= time <= one.span.end for one in clip.stretches)


def test_neighbours_are_packed_with_a_short_silence_between() -> None:
    made = clips(stretches_of([(1, 10, 0), (5, 10, 0), (60, 7, 0), (1, 2, 0)]), 28, packing=True)
    assert [len(clip.stretches) for clip in made] == [3, 1]
    assert made[0].starts == pytest.approx((0, 10 + JOINT, 20 + 2 * JOINT))


def test_a_moment_between_two_stretches_belongs_to_the_nearer() -> None:
    (clip,) = clips(stretches_of([(1, 10, 0), (5, 10, 0)]), 28, packing=True)
    assert (clip.time(10.05), clip.time(10.25)) == (11, 16)


def test_a_clip_sounds_as_its_stretches_do() -> None:
    samples = np.linspace(0, 0.9, 10 * RATE, dtype=np.float32)[None]
    with record(wav(samples)) as recording:
        made = [Stretch(Span(1, 2), 0, "A", 1, False), Stretch(Span(6, 8), 0, "B", 1, False)]
        (clip,) = clips(made, 28, packing=True)
        sound = clip.sound(recording)
    assert len(sound) == round((3 + JOINT) * RATE)
    for at, time in ((0.5, 1.5), (1.0 + JOINT + 0.5, 6.5)):
        assert sound[round(at * RATE)] == pytest.approx(samples[0, round(time * RATE)], abs=0.001)
    assert np.all(sound[round(1.05 * RATE) : round(1.25 * RATE)] == 0)


def test_what_reaches_over_a_piece_is_cut_there() -> None:
    found = within(stretches_of([(1, 10, 0), (1, 10, 1), (10, 5, 0)]), Span(5, 20))
    assert [(one.span.start, one.span.end) for one in found] == [(5, 11), (12, 20)]
