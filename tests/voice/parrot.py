"""A recogniser that says what it was told to say, and a call with a channel for each side."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tests.voice.encoding import RATE, fixture, truth, wav
from voice.profile import BUILT_IN, Profile
from voice.transcribe import Heard
from voice.transcript import Word


class Parrot:
    """Says the lines it was told, one for every clip, as long as the clip is; remembers what it was asked."""

    def __init__(self, lines: Sequence[str] = (), profile: Profile = BUILT_IN, name: str = "parrot") -> None:
        self.name, self.profile, self.clips = name, profile, list[float]()
        self.asked: list[tuple[tuple[str, ...], str, str | None]] = []
        self._lines = list(lines)

    def hear(
        self, samples: NDArray[np.float32], bias: Sequence[str] = (), before: str = "", lang: str | None = None
    ) -> list[Heard]:
        seconds = len(samples) / RATE
        self.asked.append((tuple(bias), before, lang))
        text = self._lines[len(self.clips) % len(self._lines)] if self._lines else f"{seconds:.1f}"
        self.clips.append(seconds)
        return [Heard(0, seconds, text, (Word(text, 0, seconds, 0.9),), lang or "zh", -0.2, 0.02, 1.1)]


def stereo_call() -> io.BytesIO:
    samples = fixture("call_zh.ogg")
    channels = np.random.default_rng(0).normal(0, 0.0005, (2, len(samples))).astype(np.float32)
    for line in truth("call_zh"):
        part = slice(round(line["start"] * RATE), round(line["end"] * RATE))
        channels[line["voice"], part] += samples[part]
        channels[1 - line["voice"], part] += samples[part] * np.float32(0.02)  # what leaks from ear to mouthpiece
    return wav(channels)
