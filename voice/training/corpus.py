"""A corpus of acted emotion as features: read from its folder once, over several lines, and kept beside for the next run."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voice.features import NAMES, Floats, statistics, tracks
from voice.hearings import hearings
from voice.training.lines import TELEPHONE, Line, drawn, over

PLAIN, BEHIND_A_TELEPHONE, BEHIND_A_NOISY_TELEPHONE = "clean", "telephone", "noisy telephone"
LINES: dict[str, Line] = {
    BEHIND_A_TELEPHONE: TELEPHONE,
    BEHIND_A_NOISY_TELEPHONE: Line(noise=10.0, is_telephone=True),
}
"""Beside the clean recording, the lines that figures are measured on."""
_DIMENSIONS = 3
"""Of what is kept for each line: clips, hearings, features."""


@dataclass(frozen=True)
class Corpus:
    """Clips as features.

    `speaker`, `emotion` (n): names; `seconds` (n); `hearings`: by the name of a line, (n, k, F): each clip as often as
    the model hears it; `varied` (v, n, F): over drawn lines, each the same for all clips of one speaker, as in one call.
    """

    speaker: NDArray[np.str_]
    emotion: NDArray[np.str_]
    seconds: Floats
    hearings: dict[str, Floats]
    varied: Floats

    @property
    def features(self) -> dict[str, Floats]:
        """The clips as they are heard first, by the name of a line, (n, F): for a model that hears them but once."""
        return {line: rows[:, 0] for line, rows in self.hearings.items()}


def read_corpus(
    folder: Path, samples: Callable[[Path], Floats], kept: Path | None = None, variants: int = 0, clips: int | None = None
) -> Corpus:
    """Read a folder with a manifest.csv (path, speaker, emotion) and its clips.

    `kept` is a file that spares the next run the work; it is made anew when features, clips or variants are others.
    Raise ValueError where there is no manifest.
    """
    manifest = folder / "manifest.csv"
    if not manifest.is_file():
        raise ValueError(f"{folder}: no corpus can be read from here, there is no manifest.csv")
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[:clips]
    speakers = np.array([row["speaker"] for row in rows])
    emotions = np.array([row["emotion"] for row in rows])
    if kept and kept.exists():
        held = np.load(kept)
        fits = len(held["seconds"]) == len(rows) and len(held["varied"]) == variants and held[PLAIN].ndim == _DIMENSIONS
        if fits and list(held["names"]) == list(NAMES):
            heard = {name: held[name] for name in (PLAIN, *LINES)}
            return Corpus(speakers, emotions, held["seconds"], heard, held["varied"])
    sounds = [samples(folder / row["path"]) for row in rows]
    random = np.random.default_rng(1)
    heard = {PLAIN: _heard(sounds)} | {
        name: _heard([over(line, sound, random) for sound in sounds]) for name, line in LINES.items()
    }
    names = sorted(set(speakers))
    varied = np.zeros((variants, len(rows), len(NAMES)), np.float32)
    for variant in range(variants):
        lines = {name: drawn(np.random.default_rng([variant, number])) for number, name in enumerate(names)}
        varied[variant] = _statistics([over(lines[who], sound, random) for who, sound in zip(speakers, sounds, strict=True)])
    seconds = np.array([len(sound) / 16_000 for sound in sounds], np.float32)
    if kept:
        held_now: dict[str, Any] = {"names": np.array(NAMES), "seconds": seconds, "varied": varied, **heard}
        np.savez(kept, **held_now)
    return Corpus(speakers, emotions, seconds, heard, varied)


def _heard(sounds: Sequence[Floats]) -> Floats:
    return np.stack([hearings(sound) for sound in sounds])


def _statistics(sounds: Sequence[Floats]) -> Floats:
    return np.stack([statistics(tracks(sound)) for sound in sounds])
