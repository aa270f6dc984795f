"""Where somebody speaks: Silero's voice activity model, block by block, and the pieces that a long recording is cut into.

The model (Silero v6, 1.2 MB) comes inside the faster-whisper wheel and runs offline.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voice.profile import Profile
from voice.transcript import RATE, Span

WINDOW = 512
"""Samples that one probability stands for: 32 ms."""
_CONTEXT = 64
PIECE = 600.0
"""The longest piece of a recording, in seconds: what is lost at most when the machine stops."""

Probabilities = NDArray[np.float32]
"""How likely each window of 32 ms is speech, 0 … 1."""


@dataclass(frozen=True)
class Ear:
    """When speech begins and ends: probabilities, and seconds.

    Silences under `silence` belong to the speech around them, speech under `least` is none, `pad` is added on either side.
    Measured on calls behind a telephone band, 300 ms and 100 ms miss 1 to 2.5 % of the speech.
    """

    begins: float = 0.5
    ends: float = 0.35
    silence: float = 0.3
    least: float = 0.1
    pad: float = 0.1
    longest: float = 28.0


EAR = Ear()


def ear_of(profile: Profile) -> Ear:
    """The ear for a model."""
    return Ear(begins=profile.speech_begins, ends=profile.speech_ends, pad=profile.speech_padding)


class Silero:
    """The model on one channel; it remembers what it heard last, so that blocks may follow one another."""

    def __init__(self) -> None:
        self._session = _session()
        self._state = [np.zeros((1, 1, 128), np.float32), np.zeros((1, 1, 128), np.float32)]
        self._context = np.zeros(_CONTEXT, np.float32)
        self._waiting = np.zeros(0, np.float32)

    def hear(self, samples: NDArray[np.float32], *, is_last: bool = False) -> Probabilities:
        """Return the probabilities of the windows that are whole now; at the last the rest is filled with silence."""
        samples = np.concatenate([self._waiting, samples])
        if is_last and len(samples) % WINDOW:
            samples = np.pad(samples, (0, WINDOW - len(samples) % WINDOW))
        count = len(samples) // WINDOW
        self._waiting = samples[count * WINDOW :]
        if not count:
            return np.zeros(0, np.float32)
        windows = samples[: count * WINDOW].reshape(count, WINDOW)
        before = np.concatenate([self._context[None], windows[:-1, -_CONTEXT:]])
        self._context = windows[-1, -_CONTEXT:]
        given = {"input": np.concatenate([before, windows], axis=1), "h": self._state[0], "c": self._state[1]}
        found, *self._state = self._session.run(None, given)
        return np.asarray(found, np.float32).reshape(-1)


@cache
def _session() -> Any:
    import onnxruntime  # noqa: PLC0415 - half a second to load

    found = find_spec("faster_whisper")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("faster_whisper")
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    path = Path(found.origin).parent / "assets" / "silero_vad_v6.onnx"
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"], sess_options=options)


def spans_of(probabilities: Probabilities, ear: Ear = EAR) -> list[Span]:
    """Return where speech is, in order and without overlap, none longer than `ear.longest`."""
    step = WINDOW / RATE
    total = len(probabilities) * step
    found = [
        (first, last)
        for first, last in _runs(probabilities, ear, round(ear.silence / step))
        if (last - first) * step >= ear.least
    ]
    parts = [part for run in found for part in _parts(probabilities, run, int((ear.longest - 2 * ear.pad) / step))]
    spans: list[Span] = []
    for number, (first, last) in enumerate(parts):
        before = parts[number - 1][1] if number else 0
        after = parts[number + 1][0] if number + 1 < len(parts) else total / step
        start = first * step - min(ear.pad, (first - before) * step / (2 if number else 1))
        end = last * step + min(ear.pad, (after - last) * step / (2 if number + 1 < len(parts) else 1))
        spans.append(Span(round(max(0.0, start), 3), round(min(total, end), 3)))
    return spans


def _runs(probabilities: Probabilities, ear: Ear, silence: int) -> Iterator[tuple[int, int]]:
    """First and last window of each stretch of speech; it ends where the probability stays low for `silence` windows."""
    first: int | None = None
    quiet: int | None = None
    for at, probability in enumerate(probabilities):
        if probability >= ear.begins:
            quiet = None
            first = at if first is None else first
        elif first is not None and (probability < ear.ends or quiet is not None):
            if quiet is None:
                quiet = at
            if probability < ear.ends and at - quiet >= silence:
                yield first, quiet
                first = quiet = None
    if first is not None:
        yield first, len(probabilities) if quiet is None else quiet


def _parts(probabilities: Probabilities, run: tuple[int, int], longest: int) -> Iterator[tuple[int, int]]:
    """Cut a stretch that is too long where it is most likely that nobody speaks, in the later half of what is allowed."""
    first, last = run
    while last - first > longest:
        half = first + longest // 2
        cut = half + int(np.argmin(probabilities[half : first + longest])) + 1
        yield first, cut
        first = cut
    yield first, last


def together(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Join spans that touch or overlap, such as those of two channels."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda one: one.start):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)


def pieces(speech: Sequence[Span], duration: float, longest: float = PIECE) -> list[Span]:
    """Cut a recording into pieces that follow one another without a gap, none over `longest`.

    A cut falls into the middle of the longest silence of the later half of what is allowed; only who speaks without a pause
    for minutes is cut at the limit. `speech` is in order and without overlap.
    """
    cuts = [0.0]
    gaps = [Span(one.end, other.start) for one, other in pairwise(speech)]
    if speech:
        gaps = [Span(0.0, speech[0].start), *gaps, Span(speech[-1].end, duration)]
    starts = [gap.start for gap in gaps]
    while duration - cuts[-1] > longest:
        low, high = cuts[-1] + longest / 2, cuts[-1] + longest
        first = max(0, bisect_left(starts, low) - 1)
        within = [Span(max(gap.start, low), min(gap.end, high)) for gap in gaps[first : bisect_left(starts, high)]]
        best = max(within, key=lambda gap: gap.seconds, default=None)
        cuts.append((best.start + best.end) / 2 if best is not None and best.seconds > 0 else high)
    return [Span(start, end) for start, end in zip(cuts, [*cuts[1:], duration], strict=True)]
