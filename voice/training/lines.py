"""Lines that speech may come over: another speaker's pace and pitch, another microphone and room, noise, a telephone.

A line is drawn once for a whole call, so that all that one person says in it is changed in the same way.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.signal import fftconvolve, resample_poly

from voice.features import RATE, Floats
from voice.telephone import strength, through_a_telephone


@dataclass(frozen=True)
class Line:
    """What changes a voice on its way.

    `pace`: times as fast; `pitch`: semitones up, and the mouth smaller; `tilt`: dB an octave around 1 kHz; `bumps`: dB of
    the microphone at 250, 500, 1,000, 2,000 and 4,000 Hz; `room`: seconds to fall by 60 dB, 0 for none; `noise`: dB that
    speech is above it, none for a silent room; `colour`: how much the noise falls, dB an octave; `gain`: dB.
    """

    pace: float = 1.0
    pitch: float = 0.0
    tilt: float = 0.0
    bumps: tuple[float, ...] = (0.0,) * 5
    room: float = 0.0
    noise: float | None = None
    colour: float = 3.0
    gain: float = 0.0
    is_telephone: bool = False


TELEPHONE = Line(noise=20.0, is_telephone=True)
"""What the figures behind a telephone are measured on: 300 to 3,400 Hz, 8 kHz, mu-law, noise 20 dB below the speech."""


def drawn(random: np.random.Generator) -> Line:
    """Draw a line: half of them telephones, a third with a room, most with some noise."""
    return Line(
        pace=float(np.exp(random.uniform(-0.1, 0.1))),
        pitch=float(random.uniform(-2.5, 2.5)),
        tilt=float(random.uniform(-2, 2)),
        bumps=tuple(random.uniform(-4, 4, 5).tolist()),
        room=float(random.uniform(0.1, 0.5)) if random.random() < 0.35 else 0.0,
        noise=float(random.uniform(8, 35)) if random.random() < 0.8 else None,
        colour=float(random.uniform(0, 6)),
        gain=float(random.uniform(-30, 0)),
        is_telephone=bool(random.random() < 0.5),
    )


def over(line: Line, sound: Floats, random: np.random.Generator) -> Floats:
    """Return a sound (float32, mono, 16 kHz) as it comes out of the line."""
    sound = np.asarray(sound, np.float32)
    if line.pitch or line.pace != 1.0:
        raised = 2 ** (line.pitch / 12)
        sound = _stretched(_faster(sound, raised), line.pace / raised)
    if line.room:
        sound = _in_a_room(sound, line.room, random)
    if line.tilt or any(line.bumps):
        sound = _through_a_microphone(sound, line)
    if line.noise is not None:
        sound = sound + _noise(len(sound), line.colour, random) * strength(sound) * 10 ** (-line.noise / 20)
    sound = sound / (np.abs(sound).max() + 1e-9) * 10 ** (line.gain / 20)
    return through_a_telephone(sound) if line.is_telephone else sound.astype(np.float32)


def _faster(sound: Floats, times: float) -> Floats:
    ratio = Fraction(1 / times).limit_denominator(60)
    return np.asarray(resample_poly(sound, ratio.numerator, ratio.denominator), np.float32)


_PIECE, _SEARCH = 640, 160


def _stretched(sound: Floats, times: float) -> Floats:
    """Return the sound `times` as fast at the same pitch: overlapping pieces, each put where it fits the one before best
    (WSOLA, Verhelst and Roelands 1993)."""
    half = _PIECE // 2
    if len(sound) < 2 * _PIECE or abs(times - 1) < 0.005:
        return sound
    window = np.hanning(_PIECE).astype(np.float32)
    count = int((len(sound) - 2 * _PIECE) / (half * times))
    padded = np.pad(sound, (_SEARCH, _PIECE + 2 * _SEARCH))
    out = np.zeros((count + 2) * half + _PIECE, np.float32)
    at = _SEARCH
    for step in range(count + 1):
        if step:
            wanted = padded[at + half : at + half + half]
            from_here = int(step * half * times)
            fits = fftconvolve(padded[from_here : from_here + 2 * _SEARCH + half], wanted[::-1], mode="valid")
            at = from_here + int(fits.argmax())
        piece = padded[at : at + _PIECE]
        out[step * half : step * half + _PIECE] += piece * window
    return out[: (count + 1) * half]


def _in_a_room(sound: Floats, seconds: float, random: np.random.Generator) -> Floats:
    count = int(seconds * RATE)
    tail = random.normal(size=count) * 10 ** (-3 * np.arange(count) / count)
    tail *= 0.5 / np.sqrt((tail**2).sum())
    tail[0] += 1.0
    return fftconvolve(sound, tail)[: len(sound)].astype(np.float32)


def _through_a_microphone(sound: Floats, line: Line) -> Floats:
    spectrum = np.fft.rfft(sound)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(sound), 1 / RATE), 60) / 1000)
    decibels = line.tilt * octaves + np.interp(octaves, np.arange(-2, 3), line.bumps)
    return np.fft.irfft(spectrum * 10 ** (decibels / 20), len(sound)).astype(np.float32)


def _noise(count: int, colour: float, random: np.random.Generator) -> Floats:
    spectrum = np.fft.rfft(random.normal(size=count))
    hertz = np.maximum(np.fft.rfftfreq(count, 1 / RATE), 100)
    noise = np.fft.irfft(spectrum * (hertz / 1000) ** (-colour / 6.02), count)
    return (noise / (noise.std() + 1e-9)).astype(np.float32)
