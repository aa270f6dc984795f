"""Stretches of speech become clips for the model, and times within a clip become times of the recording again."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from voice.speakers import Stretch
from voice.transcript import RATE, Span

if TYPE_CHECKING:
    from voice.decode import Recording

JOINT = 0.3
"""Seconds of silence between two stretches in one clip: long enough that a word does not run on into the next."""


@dataclass(frozen=True)
class Clip:
    """Stretches of one channel that are heard in one go; `starts` are their seconds in the clip."""

    stretches: tuple[Stretch, ...]
    starts: tuple[float, ...]

    @property
    def channel(self) -> int:
        """Where it is heard."""
        return self.stretches[0].channel

    @property
    def seconds(self) -> float:
        """How long the clip is."""
        return self.starts[-1] + self.stretches[-1].span.seconds

    def at(self, moment: float) -> int:
        """The number of the stretch that a moment of the clip belongs to; within a joint it is the nearer one."""
        number = max(0, bisect_right(self.starts, moment) - 1)
        end = self.starts[number] + self.stretches[number].span.seconds
        is_over = number + 1 < len(self.starts) and moment - end > self.starts[number + 1] - moment
        return number + 1 if is_over else number

    def time(self, moment: float, number: int | None = None) -> float:
        """A moment of the clip in seconds of the recording, never outside of its stretch."""
        number = self.at(moment) if number is None else number
        span = self.stretches[number].span
        return min(max(span.start, span.start + moment - self.starts[number]), span.end)

    def sound(self, recording: "Recording") -> NDArray[np.float32]:
        """What the model is to hear: the stretches with short silences in between."""
        parts: list[NDArray[np.float32]] = []
        length = 0
        for stretch, start in zip(self.stretches, self.starts, strict=True):
            silence = round(start * RATE) - length
            samples = recording.sound(stretch.span).samples
            heard = samples[min(self.channel, len(samples) - 1)]
            parts += [np.zeros(max(0, silence), np.float32), heard]
            length += max(0, silence) + len(heard)
        return np.concatenate(parts)


def clips(stretches: Sequence[Stretch], longest: float, *, packing: bool) -> list[Clip]:
    """Put stretches, in order of time, into clips of at most `longest` seconds, each with those of one channel.

    Without packing each stretch is a clip. A stretch that is too long is cut.
    """
    made: list[Clip] = []
    for channel in sorted({one.channel for one in stretches}):
        waiting: list[Stretch] = []
        starts: list[float] = []
        for one in (part for stretch in stretches if stretch.channel == channel for part in _cut(stretch, longest)):
            start = starts[-1] + waiting[-1].span.seconds + JOINT if waiting else 0.0
            if waiting and (not packing or start + one.span.seconds > longest):
                made.append(Clip(tuple(waiting), tuple(starts)))
                waiting, starts, start = [], [], 0.0
            waiting.append(one)
            starts.append(start)
        if waiting:
            made.append(Clip(tuple(waiting), tuple(starts)))
    return sorted(made, key=lambda clip: clip.stretches[0].span.start)


def _cut(stretch: Stretch, longest: float) -> list[Stretch]:
    span = stretch.span
    count = max(1, int(np.ceil(span.seconds / longest - 1e-9)))
    edges = [span.start + span.seconds * number / count for number in range(count)] + [span.end]
    return [replace(stretch, span=Span(start, end)) for start, end in pairwise(edges)]


def within(stretches: Sequence[Stretch], piece: Span) -> list[Stretch]:
    """The stretches of one piece of the recording; what reaches over its edge is cut there."""
    found = []
    for one in stretches:
        start, end = max(one.span.start, piece.start), min(one.span.end, piece.end)
        if end > start:
            found.append(replace(one, span=Span(start, end)))
    return found
