"""What is to be heard of a recording: who speaks when, over the whole of it, cut into pieces that carry their speakers.

A plan is a value to store: whoever hears a piece later, in another process, has the same speakers in it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voice.clips import within
from voice.speakers import NAMES, Stretch, by_channel, by_voice
from voice.speech import EAR, PIECE, Ear, Probabilities, Silero, pieces, spans_of, together
from voice.transcript import Span, Turn

if TYPE_CHECKING:
    from voice.decode import Recording

_ECHO = 0.1
"""A channel that is quieter than this part of the other (20 dB) hears its echo."""


@dataclass(frozen=True)
class PlannedPiece:
    """A part of the recording, and who speaks when in it, in seconds of the recording."""

    span: Span
    stretches: tuple[Stretch, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The pieces in order, none where nobody speaks; `duration` in seconds.

    `mixed_by` are the weights by which two channels of the file are heard as one, None where they are not. `is_cut_short`
    says that the file ended before the recording did.
    """

    pieces: tuple[PlannedPiece, ...]
    duration: float
    two_channels: bool = False
    mixed_by: tuple[float, float] | None = None
    is_cut_short: bool = False

    @property
    def speech(self) -> tuple[Span, ...]:
        """Where somebody speaks, on any channel."""
        return together([one.span for piece in self.pieces for one in piece.stretches])


@dataclass(frozen=True)
class Looked:
    """How far the planning is: `share` (0 … 1) of finding speech, or of telling the speakers."""

    is_about_speakers: bool
    share: float


@dataclass(frozen=True)
class Opening:
    """How far the opening of a file is: `share` (0 … 1) of decoding it and of all that comes before its pieces are heard.

    `duration` is the seconds that the file says it has, None where it says nothing. `turns` are the first words, heard
    before anybody knows who speaks: they come again with their speaker.
    """

    share: float
    duration: float | None = None
    turns: tuple[Turn, ...] = ()


def plan_in_steps(
    recording: "Recording",
    is_cancelled: Callable[[], bool] = lambda: False,
    piece_seconds: float = PIECE,
    ear: Ear = EAR,
) -> Iterator[Looked | Plan]:
    """Find the speech and tell the speakers over all of a recording; the last that is given is the plan.

    There is none when `is_cancelled`, which is asked between blocks, says so. `piece_seconds` is the longest piece.
    """
    found: list[list[Probabilities]] = [[] for _ in range(recording.channels)]
    listeners = [Silero() for _ in found]
    listened = 0.0
    for sound in recording.blocks():
        if is_cancelled():
            return
        for channel, silero in enumerate(listeners):
            found[channel].append(silero.hear(sound.samples[channel]))
        listened += sound.duration
        yield Looked(False, min(1.0, listened / recording.duration))
    probabilities = [
        np.concatenate([*parts, silero.hear(np.zeros(0, np.float32), is_last=True)])
        for parts, silero in zip(found, listeners, strict=True)
    ]
    yield Looked(True, 0.0)
    if recording.channels == len(NAMES):
        stretches = by_channel(_without_echo(recording, [spans_of(one, ear) for one in probabilities]))
    else:
        stretches = by_voice(recording, probabilities[0], ear)
    stretches = within(stretches, Span(0.0, recording.duration))
    yield Looked(True, 1.0)
    speech = together([one.span for one in stretches])
    cut = pieces(speech, recording.duration, piece_seconds) if speech else []
    yield Plan(
        tuple(PlannedPiece(_rounded(span), tuple(within(stretches, span))) for span in cut),
        round(recording.duration, 3),
        recording.channels == len(NAMES),
        recording.mixed_by,
        recording.is_cut_short,
    )


def _rounded(span: Span) -> Span:
    return Span(round(span.start, 3), round(span.end, 3))


def _without_echo(recording: "Recording", spans: Sequence[Sequence[Span]]) -> list[list[Span]]:
    """Leave out what one channel hears of the other: speech that is far louder there."""
    kept: list[list[Span]] = []
    for channel in range(len(NAMES)):
        own: list[Span] = []
        for span in spans[channel]:
            power = (recording.sound(span).samples ** 2).mean(1)
            if power[channel] >= power[1 - channel] * _ECHO**2:
                own.append(span)
        kept.append(own)
    return kept
