"""Sound is played slower for a second listening, and what is likelier is told by its length."""

import math

import numpy as np
import pytest

from voice.slower import likelihood, slower

RATE = 16000


def test_pitch_and_length_change_with_the_speed() -> None:
    tone = np.sin(2 * np.pi * 400 * np.arange(RATE) / RATE).astype(np.float32)
    played = slower(tone, 0.8)
    assert played.dtype == np.float32
    assert len(played) == RATE / 0.8
    spectrum = np.abs(np.fft.rfft(played[:RATE]))
    assert int(spectrum.argmax()) == 320


def test_nothing_stays_nothing() -> None:
    assert len(slower(np.zeros(0, np.float32))) == 0


def test_long_parts_count_more_and_no_text_is_least_likely() -> None:
    assert likelihood([("ab", -0.1), ("abcdefgh", -0.6)]) == pytest.approx(-0.5)
    assert likelihood([]) == -math.inf
    assert likelihood([("", -0.1)]) == -math.inf
