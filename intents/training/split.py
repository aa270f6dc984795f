"""Splits labelled utterances into what is learned from, tuned on and judged on; no voice is on two sides.

A file `split.yaml` beside the utterances pins the voices that are held out, so that a new voice reshuffles nothing.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from intents.training.corpus import Utterance

SPLIT_FILE = "split.yaml"
_SIDES = ("validation", "test")
_HELD_OUT_SHARE = 1 / 8


@dataclass(frozen=True)
class HeldOut:
    """The voices kept from training: those to tune on, and those that only judge."""

    validation: frozenset[str]
    test: frozenset[str]


@dataclass(frozen=True)
class Split:
    """Utterances by what they are for; no voice is in two of the three."""

    train: tuple[Utterance, ...]
    validation: tuple[Utterance, ...]
    test: tuple[Utterance, ...]


def split_by_voice(utterances: Iterable[Utterance], held_out: HeldOut) -> Split:
    """Every voice that is not held out is trained on. Raise ValueError when a side would be empty."""
    spoken = list(utterances)
    split = Split(
        tuple(u for u in spoken if u.voice not in held_out.validation | held_out.test),
        tuple(u for u in spoken if u.voice in held_out.validation),
        tuple(u for u in spoken if u.voice in held_out.test),
    )
    for side in ("train", *_SIDES):
        if not getattr(split, side):
            raise ValueError(f"no utterance is left for {side}; training, validation and test need a voice each")
    return split


def held_out_voices(folder: Path, voices: Iterable[str], seed: int) -> HeldOut:
    """Return the voices that the folder's `split.yaml` pins, or draw some where there is no such file."""
    file = folder / SPLIT_FILE
    return read_split(file) if file.exists() else draw_split(voices, seed)


def read_split(file: Path) -> HeldOut:
    """Raise ValueError, naming the file, unless it holds the lists `validation` and `test` with no voice in both."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise ValueError(f"{file}: the split cannot be read: {error}") from error
    if not isinstance(content, dict) or set(content) != set(_SIDES):
        raise ValueError(f"{file}: a split has the two lists `validation` and `test`")
    validation, test = (_voices(file, content, side) for side in _SIDES)
    if twice := sorted(validation & test):
        raise ValueError(f"{file}: on both sides: {', '.join(twice)}")
    return HeldOut(validation, test)


def draw_split(voices: Iterable[str], seed: int) -> HeldOut:
    """Draw an eighth of the voices, at least one, for validation and as many for test. Raise ValueError under three."""
    drawn = sorted(set(voices))
    if len(drawn) < 3:
        raise ValueError(f"there are {len(drawn)} voices; training, validation and test need one each at least")
    random.Random(seed).shuffle(drawn)  # noqa: S311 - a reproducible split, no secret
    share = max(1, round(len(drawn) * _HELD_OUT_SHARE))
    return HeldOut(frozenset(drawn[:share]), frozenset(drawn[share : 2 * share]))


def _voices(file: Path, content: Mapping[Any, Any], side: str) -> frozenset[str]:
    voices = content[side]
    if not (isinstance(voices, list) and voices and all(isinstance(voice, str) for voice in voices)):
        raise ValueError(f"{file}: `{side}` must list at least one voice by name")
    return frozenset(voices)
