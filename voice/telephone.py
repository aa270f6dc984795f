"""A telephone line: its band and its eight bits, and how loud the speech is that noise is judged against."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfilt

from voice.features import RATE, Floats

_TELEPHONE_RATE = 8_000
_MU = 255.0
_FRAME = 400


def through_a_telephone(sound: Floats) -> Floats:
    """Return it band-limited to 300-3,400 Hz at 8 kHz, in eight bits of mu-law (ITU-T G.711), and back at 16 kHz."""
    slow = resample_poly(sosfilt(_band(), sound), 1, RATE // _TELEPHONE_RATE)
    small = np.sign(slow) * np.log1p(_MU * np.minimum(np.abs(slow), 1)) / np.log1p(_MU)
    coded = np.round(small * 127) / 127
    plain = np.sign(coded) * np.expm1(np.abs(coded) * np.log1p(_MU)) / _MU
    return np.asarray(resample_poly(plain, RATE // _TELEPHONE_RATE, 1), np.float32)


def strength(sound: Floats) -> float:
    """Return the level of what is loud in it, as noise is judged against speech and not against pauses."""
    frames = sound[: len(sound) // _FRAME * _FRAME].reshape(-1, _FRAME)
    return float(np.sqrt(np.percentile((frames**2).mean(axis=1), 80))) if len(frames) else 0.0


@cache
def _band() -> NDArray[np.float64]:
    return np.asarray(butter(4, (300, 3400), "bandpass", fs=RATE, output="sos"), np.float64)
