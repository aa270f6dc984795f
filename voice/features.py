"""What a voice sounds like in numbers: tracks every 10 ms over a recording, and the statistics of one segment of it.

Sound is float32, mono, 16 kHz, in -1 … 1. Everything is measured between 200 and 3,600 Hz, so that a telephone line changes
little, and relative to the loudest speech of a segment, so that a quiet recording counts as much as a loud one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct, irfft, rfft
from scipy.ndimage import median_filter, uniform_filter1d

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

RATE = 16_000
"""Samples a second."""
HOP = 160
"""Samples from one frame to the next: 10 ms."""
FRAMES_A_SECOND = RATE // HOP
LOWEST, HIGHEST = 60.0, 500.0
"""Hertz between which the pitch of a voice is looked for."""

_WINDOW, _LONG_WINDOW = 400, 640
"""Samples of a frame for the spectrum (25 ms) and for the pitch (40 ms, two periods of the deepest voices)."""
_POINTS, _LONG_POINTS = 512, 1024
_BANDS, _CEPSTRA = 24, 13
_FROM, _UPTO = 200.0, 3600.0
_EMPHASIS = 0.97
_AT_ONCE = 4096
"""Frames that are worked on together: 40 s, some 30 MB."""
_FAINT = 1e-10
_VOICED = 0.5
"""Height of the autocorrelation's peak from which a frame counts as voiced; 0.45 (Praat's) takes in too much noise."""
_LOUD_SHARE, _GATE = 95, 30.0
"""Speech is what is at most so many dB below the level that only one frame in twenty exceeds."""
_SHORTEST_RUN = 3
_FEWEST = 5
"""Frames that a statistic needs; of fewer it is 0."""


@dataclass(frozen=True)
class Tracks:
    """One row for each 10 ms.

    `bands` (n, 24): log energy of mel bands, `cepstra` (n, 13): MFCC, `changes` (n, 13): their slope a frame; and of
    (n) each `pitch`: hertz, 0 where unvoiced; `voicing`: 0 … 1, the autocorrelation's peak; `level`: dB; `tilt`: dB an
    octave; `centroid`: log2 of hertz; `flux`: change of the spectrum's shape; `alpha`: dB above 1 kHz over dB below;
    `peaks`: dB between the highest band below and above 1.8 kHz; `flatness`: dB, 0 is white noise.
    """

    bands: Floats
    cepstra: Floats
    changes: Floats
    pitch: Floats
    voicing: Floats
    level: Floats
    tilt: Floats
    centroid: Floats
    flux: Floats
    alpha: Floats
    peaks: Floats
    flatness: Floats

    def __len__(self) -> int:
        return len(self.level)

    def between(self, start: float, end: float) -> "Tracks":
        """Return the tracks from one second to another, at least one frame of them where there is any."""
        first = min(max(int(start * FRAMES_A_SECOND), 0), max(len(self) - 1, 0))
        last = max(round(end * FRAMES_A_SECOND), first + 1)
        return Tracks(**{one.name: getattr(self, one.name)[first:last] for one in fields(self)})


def tracks(sound: Floats) -> Tracks:
    """Return what is heard every 10 ms; frame i is centred on i x 10 ms. Of no sound, tracks without a frame."""
    sound = np.nan_to_num(np.asarray(sound, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    spectra = [_bands_of(frames) for frames in _frames(sound, _WINDOW)]
    if not spectra:
        return Tracks(*(np.zeros((0, width), np.float32) for width in (_BANDS, _CEPSTRA, _CEPSTRA)), *_no_frames(9))
    energy = np.concatenate([energy for energy, _ in spectra])
    level = np.concatenate([level for _, level in spectra])
    bands = np.log(energy + _FAINT)
    cepstra = dct(bands, axis=1, norm="ortho")[:, :_CEPSTRA].astype(np.float32)
    pitch, voicing = _pitch(sound)
    return Tracks(bands, cepstra, _slopes(cepstra), pitch, voicing, level, *_shapes(energy, bands))


def _no_frames(number: int) -> Iterator[Floats]:
    return (np.zeros(0, np.float32) for _ in range(number))


def _frames(sound: Floats, window: int) -> Iterator[Floats]:
    """Yield the frames of a sound, centred every HOP, many at once: (at most _AT_ONCE, window)."""
    count = -(-len(sound) // HOP)
    padded = np.pad(sound, (window // 2, window))
    every = np.lib.stride_tricks.sliding_window_view(padded, window)[::HOP][:count]
    for first in range(0, count, _AT_ONCE):
        yield every[first : first + _AT_ONCE]


def _bands_of(frames: Floats) -> tuple[Floats, Floats]:
    """Return the energy of mel bands (n, 24) and the level (n) in dB of the band as a whole."""
    power = np.abs(rfft(frames * _hann(_WINDOW), _POINTS, axis=1)) ** 2
    energy = (power @ _mel()).astype(np.float32)
    level = 10 * np.log10(power[:, _in_band()].sum(axis=1) / _POINTS + _FAINT)
    return energy, level.astype(np.float32)


@cache
def _hann(window: int) -> Floats:
    return np.hanning(window).astype(np.float32)


@cache
def _in_band() -> slice:
    return slice(round(_FROM * _POINTS / RATE), round(_UPTO * _POINTS / RATE) + 1)


@cache
def _centres() -> Floats:
    """Hertz of the edges and centres of the mel bands, 26 of them (O'Shaughnessy's mel: 2595 log10(1 + f / 700))."""
    mels = np.linspace(2595 * np.log10(1 + _FROM / 700), 2595 * np.log10(1 + _UPTO / 700), _BANDS + 2)
    return np.asarray(700 * (10 ** (mels / 2595) - 1), np.float32)


@cache
def _mel() -> Floats:
    """Return triangular bands, (257, 24), each of area one, with the high frequencies raised by 6 dB an octave."""
    hertz = np.arange(_POINTS // 2 + 1) * RATE / _POINTS
    edges = _centres()
    rising = (hertz[:, None] - edges[None, :-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[None, 2:] - hertz[:, None]) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0, np.minimum(rising, falling))
    turn = 2 * np.pi * hertz / RATE
    raised = 1 + _EMPHASIS**2 - 2 * _EMPHASIS * np.cos(turn)
    return np.asarray(triangles / triangles.sum(axis=0) * raised[:, None], np.float32)


def _slopes(values: Floats, reach: int = 2) -> Floats:
    """Return the regression slope over five frames, the usual delta."""
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    count = len(values)
    weighted = sum(
        step * (padded[reach + step : reach + step + count] - padded[reach - step : reach - step + count])
        for step in range(1, reach + 1)
    )
    return np.asarray(weighted / (2 * sum(step * step for step in range(1, reach + 1))), np.float32)


def _shapes(energy: Floats, bands: Floats) -> Iterator[Floats]:
    """Yield tilt, centroid, flux, alpha ratio, Hammarberg's difference of peaks and flatness of each frame's spectrum."""
    octaves = np.log2(_centres()[1:-1])
    decibels = bands * np.float32(10 / np.log(10))
    away = octaves - octaves.mean()
    yield ((decibels @ away) / (away @ away)).astype(np.float32)
    share = energy / (energy.sum(axis=1, keepdims=True) + _FAINT)
    yield (share @ octaves).astype(np.float32)
    shape = np.sqrt(share)
    yield np.sqrt((np.diff(shape, axis=0, prepend=shape[:1]) ** 2).sum(axis=1)).astype(np.float32)
    high = _centres()[1:-1] > 1000
    yield (10 * np.log10((energy[:, high].sum(axis=1) + _FAINT) / (energy[:, ~high].sum(axis=1) + _FAINT))).astype(
        np.float32
    )
    upper = _centres()[1:-1] > 1800
    yield (decibels[:, ~upper].max(axis=1) - decibels[:, upper].max(axis=1)).astype(np.float32)
    yield (decibels.mean(axis=1) - 10 * np.log10(energy.mean(axis=1) + _FAINT)).astype(np.float32)


def _pitch(sound: Floats) -> tuple[Floats, Floats]:
    """Return pitch in hertz (0: unvoiced) and the strength of voicing, by autocorrelation.

    The autocorrelation of each windowed frame is divided by the window's own (Boersma 1993, Proc. IFA 17, 97-110), so that a
    periodic frame peaks near 1 at its period. Of the peaks the earliest that is nearly the highest counts; then again with
    what is said around it in mind, so that single frames do not jump by an octave.
    """
    shortest, longest = int(RATE / HIGHEST), int(RATE / LOWEST)
    window = _hann(_LONG_WINDOW)
    own = irfft(np.abs(rfft(window, _LONG_POINTS)) ** 2, _LONG_POINTS)[: longest + 2]
    heights, periods = [], []
    for frames in _frames(sound, _LONG_WINDOW):
        windowed = (frames - frames.mean(axis=1, keepdims=True)) * window
        spectrum = rfft(windowed, _LONG_POINTS, axis=1)
        correlation = irfft(spectrum.real**2 + spectrum.imag**2, _LONG_POINTS, axis=1)[:, : longest + 2]
        correlation = correlation / (correlation[:, :1] + _FAINT) * (own[0] / own)
        found = _highest(correlation, shortest, longest)
        heights.append(found[0])
        periods.append(found[1])
    height, period = np.concatenate(heights), np.concatenate(periods)
    first = (height > _VOICED * height.max(axis=1, keepdims=True)) & (height >= 0.88 * height.max(axis=1, keepdims=True))
    chosen = first.argmax(axis=1)
    rows = np.arange(len(height))
    octave = np.log2(RATE / period)
    strong = height[rows, chosen] > _VOICED
    around = _around(octave[rows, chosen], strong)
    # a jump by an octave costs as much as a fifth of the peak's height
    chosen = (height - 0.2 * np.abs(octave - around[:, None])).argmax(axis=1)
    strength = np.clip(height[rows, chosen], 0.0, 1.0)
    voiced = _without_specks(strength > _VOICED)
    return np.where(voiced, RATE / period[rows, chosen], 0).astype(np.float32), strength.astype(np.float32)


_CANDIDATES = 5
_LATER = np.float32(0.02)
"""What a peak loses for each octave that it stands later."""


def _highest(correlation: Floats, shortest: int, longest: int) -> tuple[Floats, Floats]:
    """Return height and period (samples, between the lags by a parabola) of the five highest peaks, the shortest first."""
    part = correlation[:, shortest - 1 : longest + 2]
    middle = part[:, 1:-1]
    is_peak = (middle > part[:, :-2]) & (middle >= part[:, 2:])
    # a high voice has more periods in the range than there are candidates: of equal peaks the earlier
    masked = np.where(is_peak, middle, -1.0) - _LATER * np.log2(np.arange(1, middle.shape[1] + 1))
    places = np.sort(np.argpartition(masked, -_CANDIDATES, axis=1)[:, -_CANDIDATES:], axis=1)
    at = np.take_along_axis(middle, places, axis=1)
    before, after = np.take_along_axis(part, places, axis=1), np.take_along_axis(part, places + 2, axis=1)
    bend = before - 2 * at + after
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(np.abs(bend) > _FAINT, 0.5 * (before - after) / bend, 0.0)
    shift = np.clip(shift, -0.5, 0.5)
    height = np.where(np.take_along_axis(is_peak, places, axis=1), at - 0.25 * (before - after) * shift, 0.0)
    return height.astype(np.float32), (places + shortest + shift).astype(np.float32)


def _around(octave: Floats, strong: Bools) -> Floats:
    """Return for each frame the median of the strong ones of about a second around it."""
    if not strong.any():
        return np.full(len(octave), np.log2(150.0), np.float32)
    filled = np.interp(np.arange(len(octave)), np.flatnonzero(strong), octave[strong]).astype(np.float32)
    return np.asarray(median_filter(filled, size=min(101, len(filled)), mode="nearest"), np.float32)


def _without_specks(voiced: Bools) -> Bools:
    """Take away what is voiced for less than 30 ms."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], voiced.astype(np.int8), [0]))))
    kept = voiced.copy()
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start < _SHORTEST_RUN:
            kept[start:end] = False
    return kept


_SPREAD = ("mean", "deviation", "low", "middle", "high")
_VOICED_TRACKS = ("pitch", "harmonics", "tilt", "centroid", "alpha", "peaks", "flatness", "loudness")
_ALL_TRACKS = ("flux", "tilt", "centroid", "flatness")
_RATES = (
    "pitch_slope", "pitch_step", "pitch_rise", "loudness_step", "loudness_deviation", "loudness_range", "voiced_share",
    "voiced_runs", "voiced_length", "gap_length", "beats", "beat_depth", "slow_modulation", "syllable_modulation",
    "fast_modulation", "harmonics_low", "pitch_range",
)  # fmt: skip
NAMES: tuple[str, ...] = (
    *(f"voiced_{track}_{part}" for track in _VOICED_TRACKS for part in _SPREAD),
    *(f"spoken_{track}_{part}" for track in _ALL_TRACKS for part in ("mean", "deviation")),
    *(f"cepstrum_{number}_{part}" for number in range(1, _CEPSTRA) for part in ("mean", "deviation")),
    *(f"change_{number}_deviation" for number in range(_CEPSTRA)),
    *_RATES,
)
"""What `statistics` returns, in its order."""


def statistics(heard: Tracks) -> Floats:
    """Return the statistics of one segment, (len(NAMES),), all finite; of silence or a few frames, zeros."""
    level = heard.level
    if len(level) < _FEWEST or not np.isfinite(level).all() or level.max() <= 10 * np.log10(_FAINT) + 1:
        return np.zeros(len(NAMES), np.float32)
    loud = float(np.percentile(level, _LOUD_SHARE))
    spoken = level > loud - _GATE
    voiced = (heard.pitch > 0) & spoken
    semitones = 12 * np.log2(np.maximum(heard.pitch, LOWEST) / 100.0)
    strength = np.clip(heard.voicing, 0.01, 0.99)
    tracked = {
        "pitch": semitones,
        "harmonics": 10 * np.log10(strength / (1 - strength)),
        "tilt": heard.tilt,
        "centroid": heard.centroid,
        "alpha": heard.alpha,
        "peaks": heard.peaks,
        "flatness": heard.flatness,
        "loudness": np.maximum(level - loud, -_GATE),
        "flux": heard.flux,
    }
    values: list[float] = []
    for name in _VOICED_TRACKS:
        values += _spread(tracked[name][voiced])
    for name in _ALL_TRACKS:
        values += _spread(tracked[name][spoken])[:2]
    cepstra = heard.cepstra[voiced] if voiced.sum() >= _FEWEST else heard.cepstra[spoken]
    values += np.stack([cepstra.mean(axis=0), cepstra.std(axis=0)], axis=1)[1:].ravel().tolist()
    values += heard.changes[spoken].std(axis=0).tolist()
    values += _rates(semitones, tracked["loudness"], tracked["harmonics"], voiced, spoken)
    return np.nan_to_num(np.asarray(values, np.float32))


def _spread(values: Floats) -> list[float]:
    if len(values) < _FEWEST:
        return [0.0] * len(_SPREAD)
    return [float(values.mean()), float(values.std()), *map(float, np.percentile(values, (10, 50, 90)))]


def _rates(pitch: Floats, loudness: Floats, harmonics: Floats, voiced: Bools, spoken: Bools) -> list[float]:
    """Return how pitch and loudness move, how the voice starts and stops, and how fast it beats, in the order of _RATES."""
    first, last = np.flatnonzero(spoken)[[0, -1]]
    part = slice(first, last + 1)
    pitch, loudness, harmonics, voiced = pitch[part], loudness[part], harmonics[part], voiced[part]
    seconds = len(pitch) / FRAMES_A_SECOND
    both = voiced[1:] & voiced[:-1]
    steps = np.diff(pitch)[both]
    steps = steps[np.abs(steps) < 3]
    louder = np.diff(loudness)[both]
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate(([0], voiced.astype(np.int8), [0]))))) / FRAMES_A_SECOND
    times = np.flatnonzero(voiced) / FRAMES_A_SECOND
    few = voiced.sum() < _FEWEST
    slope = 0.0 if few else float(np.polyfit(times - times.mean(), pitch[voiced], 1)[0]) if np.ptp(times) > 0.1 else 0.0
    smooth = uniform_filter1d(loudness, 7)
    beat = (smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] >= smooth[2:]) & (smooth[1:-1] > -18)
    return [
        np.clip(slope, -20, 20),
        float(np.abs(steps).mean()) if len(steps) else 0.0,
        float((steps > 0.1).mean()) if len(steps) else 0.0,
        float(np.abs(louder).mean()) if len(louder) else 0.0,
        float(loudness.std()),
        float(np.subtract(*np.percentile(loudness, (90, 10)))),
        float(voiced.mean()),
        len(runs[::2]) / seconds,
        float(runs[::2].mean()) if len(runs) else 0.0,
        float(runs[1::2].mean()) if len(runs) > 1 else 0.0,
        float(beat.sum()) / seconds,
        float(smooth[1:-1][beat].std()) if beat.sum() > 1 else 0.0,
        *_modulation(loudness),
        0.0 if few else float((harmonics[voiced] < 3).mean()),
        0.0 if few else float(np.subtract(*np.percentile(pitch[voiced], (95, 5)))),
    ]


def _modulation(loudness: Floats) -> list[float]:
    """Return how much of the loudness' movement is slow (to 3 Hz), at the pace of syllables (3-8 Hz) and fast (8-20 Hz)."""
    power = np.abs(rfft((loudness - loudness.mean()) * np.hanning(len(loudness)), max(256, len(loudness)))) ** 2
    hertz = np.fft.rfftfreq(max(256, len(loudness)), 1 / FRAMES_A_SECOND)
    parts = [float(power[(hertz >= low) & (hertz < high)].sum()) for low, high in ((0.5, 3), (3, 8), (8, 20))]
    return [part / (sum(parts) + _FAINT) for part in parts]
