"""Sounds of which everything is known: buzzes at a pitch, glides, noise, silence; and the same as files."""

import wave
from pathlib import Path

import numpy as np

from voice.features import RATE, Floats
from voice.transcript import Sound, Span


def buzz(
    pitch: float | Floats, seconds: float = 1.5, *, strength: float = 0.1, noise: float = 0.0, lowest: float = 0.0
) -> Floats:
    """A tone with falling harmonics, as vocal folds make it; `lowest`: hertz below which a line lets nothing through."""
    moments = np.arange(int(seconds * RATE)) / RATE
    hertz = np.interp(np.linspace(0, 1, len(moments)), np.linspace(0, 1, np.size(pitch)), np.atleast_1d(pitch))
    turns = 2 * np.pi * np.cumsum(hertz) / RATE
    heard = sum(np.sin(k * turns) / k * ((k * hertz > lowest) & (k * hertz < 3500)) for k in range(1, 30))
    hiss = np.random.default_rng(3).normal(size=len(moments)) * noise
    return (strength * (np.asarray(heard) + hiss)).astype(np.float32)


def syllables(pitch: float | Floats, seconds: float = 3.0, *, pace: float = 4.0, strength: float = 0.1) -> Floats:
    """A buzz that swells and fades `pace` times a second."""
    moments = np.arange(int(seconds * RATE)) / RATE
    return (buzz(pitch, seconds, strength=strength) * (0.1 + 0.9 * np.sin(np.pi * pace * moments) ** 2)).astype(np.float32)


def silence(seconds: float) -> Floats:
    return np.zeros(int(seconds * RATE), np.float32)


class Call:
    """A call in memory, read span by span as a recording is: of one channel (n), or of two (2, n). `read` is what was."""

    def __init__(self, sound: Floats) -> None:
        self._samples = np.atleast_2d(sound)
        self.channels = len(self._samples)
        self.duration = self._samples.shape[1] / RATE
        self.read: list[Span] = []

    def sound(self, span: Span) -> Sound:
        self.read.append(span)
        return Sound(self._samples[:, round(span.start * RATE) : round(span.end * RATE)])


def written(sound: Floats, file: Path) -> Path:
    """The sound as a WAV file, 16 bits, mono, 16 kHz."""
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return file
