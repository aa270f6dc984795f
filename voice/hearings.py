"""How a segment is heard several times: as it is, as a noisy telephone would bring it, and a little higher and deeper.

What a model says of all of them together is steadier than of one, above all on voices and rooms that it did not learn from.
"""

from functools import cache

import numpy as np
from scipy.signal import lfilter, resample_poly

from voice.features import NAMES, RATE, Floats, Tracks, statistics, tracks
from voice.telephone import strength, through_a_telephone

HEARINGS = 4
"""As it is, over a noisy telephone, higher, deeper."""
_BELOW = 10.0
"""Decibels that the noise is below what is loud in the segment: the noisiest of the lines that figures are measured on."""
_HIGHER = (49, 55)
"""The share of samples that is left: two semitones up, the mouth smaller and the speech faster by an eighth; down the other
way round."""
_NOISE = 10 * RATE
"""Samples of noise that are kept: more than a segment has; of a longer one they come again."""
_LEAST = 1e-6
_PINK = (
    (0.049922035, -0.095993537, 0.050612699, -0.004408786),
    (1.0, -2.494956002, 2.017265875, -0.5221894),
)
"""A filter that makes white noise fall by 3 dB an octave (J. O. Smith, Spectral Audio Signal Processing, on pink noise)."""


def hearings(sound: Floats, heard: Tracks | None = None) -> Floats:
    """Return the statistics of a segment (float32, mono, 16 kHz) each time that it is heard, (HEARINGS, F), as it is first.

    `heard` are its own tracks, where they are there already. The same sound always gives the same; no sound gives zeros.
    """
    sound = np.nan_to_num(np.asarray(sound, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    if not sound.any():
        return np.zeros((HEARINGS, len(NAMES)), np.float32)
    up, down = _HIGHER
    again = (over_a_noisy_telephone(sound), resample_poly(sound, up, down), resample_poly(sound, down, up))
    return np.stack([statistics(heard or tracks(sound)), *(statistics(tracks(one)) for one in again)])


def over_a_noisy_telephone(sound: Floats) -> Floats:
    """Return a sound as a noisy telephone would bring it; the same sound always the same, silence as it is."""
    sound = np.asarray(sound, np.float32)
    if not sound.any():
        return sound
    noise = np.resize(_noise(), len(sound)) * np.float32(strength(sound) * 10 ** (-_BELOW / 20))
    noisy = sound + noise
    return through_a_telephone(noisy / np.abs(noisy).max())


def agreed(told: Floats) -> Floats:
    """Return the probabilities that the hearings of each segment agree on, (n, k, 4) to (n, 4): their geometric mean."""
    mean = np.exp(np.log(np.maximum(told, _LEAST)).mean(axis=1))
    return np.asarray(mean / mean.sum(axis=1, keepdims=True), np.float32)


@cache
def _noise() -> Floats:
    noise = lfilter(*_PINK, np.random.default_rng(0).normal(size=_NOISE))
    return np.asarray(noise / noise.std(), np.float32)
