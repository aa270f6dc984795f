"""Calls of two synthetic speakers with a known time for every turn: what a recording of a conversation is judged by."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voice.training.render import spoken
from voice.training.sentences import Domain
from voice.training.speak import RATE, Espeak, Voice

SIDES = ("rep", "customer")


@dataclass(frozen=True)
class Turn:
    """One sentence of a call; times in seconds from its beginning."""

    speaker: str
    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Call:
    """A call: one track for each side, [2, samples] at 16 kHz in the order of `SIDES`, and its turns."""

    tracks: NDArray[np.float32]
    turns: Sequence[Turn]

    def mono(self) -> NDArray[np.float32]:
        """Both sides on one track."""
        return self.tracks.sum(0)


def call(
    domain: Domain, library: Espeak, voices: dict[str, Voice], names: Sequence[str], seconds: float, rng: random.Random
) -> Call:
    """Play the scripts `names` of the domain one after the other, again and again, until the call is `seconds` long.

    With 0 seconds each script is played once.
    """
    pieces: list[tuple[int, int, NDArray[np.float32]]] = []
    turns: list[Turn] = []
    at = RATE // 2
    while True:
        for name in names:
            for side, pattern in domain.calls[name]:
                sentence = domain.fill(pattern, rng)
                wave = spoken(library, sentence, voices[side]).wave
                pieces.append((SIDES.index(side), at, wave))
                turns.append(Turn(side, round(at / RATE, 2), round((at + len(wave)) / RATE, 2), sentence.written))
                at += len(wave) + int(rng.uniform(0.35, 0.9) * RATE)
        if at >= seconds * RATE:
            break
    tracks = np.zeros((len(SIDES), at), np.float32)
    for track, first, wave in pieces:
        tracks[track, first : first + len(wave)] += wave
    return Call(tracks, turns)


def on_telephone(track: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A track as a line gives it: 300 to 3,400 Hz, 8-bit mu-law, a little noise (about 30 dB under the speech)."""
    spectrum = np.fft.rfft(track)
    hertz = np.fft.rfftfreq(len(track), 1 / RATE)
    narrow = np.fft.irfft(spectrum * ((hertz > 300) & (hertz < 3400)), len(track))
    narrow = narrow + rng.standard_normal(len(narrow)) * 0.03 * np.sqrt((narrow**2).mean())
    squeezed = np.sign(narrow) * np.log1p(255 * np.abs(narrow).clip(max=1)) / np.log(256)
    coarse = np.round(squeezed * 127) / 127
    return (np.sign(coarse) * (256 ** np.abs(coarse) - 1) / 255).astype(np.float32)
