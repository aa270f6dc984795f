"""Who speaks when: by channel where there are two, else by the sound of the voices, which is an estimate and says so.

For one channel: windows of 1.2 s over the speech, mean and spread of the cepstrum (MFCC 1 to 19) over the louder frames, the
directions in which sentences differ more than they vary within, two clusters, and a path through them that dislikes to
change within a sentence. The pitch is left out on purpose: with two men it took away half of what was right. People who
speak at once, or answer without any pause all along, are not told apart.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from voice.speech import EAR, Ear, Probabilities, spans_of
from voice.transcript import RATE, Span

if TYPE_CHECKING:
    from voice.decode import Recording

Floats = NDArray[np.float64]

_FRAME, _HOP, _FFT = 400, 160, 512
_MELS, _LOW, _HIGH = 40, 100.0, 3_800.0
"""The band of a telephone, so that one is told apart by voice, not by line."""
_CEPSTRA = slice(1, 20)
_WINDOW, _STEP, _LEAST = 1.2, 0.6, 0.25
_COMPONENTS = 10
_USUAL_ODDS = 3.0
_CHANGE, _CHANGE_AFTER_PAUSE, _PAUSE = 5.0, 1.0, 0.5
"""What a change of the speaker costs within speech and after a pause of so many seconds, as logarithms of odds; a window in
the middle has `_USUAL_ODDS` for its own speaker."""
_FEWEST_WINDOWS, _FEW_SENTENCES, _ENOUGH_SENTENCES, _PARTS, _DIRECTIONS = 6, 8, 12, 8, 3
_AGREE, _AGREE_UNSEEN, _SAME_UNSEEN, _SMALLEST_SHARE = 0.68, 0.6, 0.8, 0.08
"""From which agreement on there are two people. Two had 0.75 and more, one at most 0.61 (unseen: 0.64 and 0.54), on 26 short
recordings, synthetic and of people, and 12 synthetic calls of two minutes."""
_SENTENCE_PAUSE, _SENTENCE_PAD = 0.16, 0.06
"""Shorter pauses than for recognition, as people answer quickly; what belongs together is joined again."""
NAMES = ("A", "B")


@dataclass(frozen=True)
class Stretch:
    """Speech of one person without a pause, on `channel`; `certainty` (0 … 1) of who it is."""

    span: Span
    channel: int
    speaker: str
    certainty: float
    is_estimated: bool


def by_channel(speech: Sequence[Sequence[Span]]) -> list[Stretch]:
    """Return who speaks when, one person on each channel, in order of time."""
    found = [Stretch(span, channel, NAMES[channel], 1.0, False) for channel, spans in enumerate(speech) for span in spans]
    return sorted(found, key=lambda one: one.span.start)


def by_voice(recording: "Recording", probabilities: Probabilities, ear: Ear = EAR) -> list[Stretch]:
    """Tell the voices of a recording with one channel apart: one or two people; A is who speaks first."""
    speech = spans_of(probabilities, replace(ear, silence=_SENTENCE_PAUSE, pad=_SENTENCE_PAD))
    if not speech:
        return []
    windows, vectors = _windows(recording, speech)
    labels, certainty = _path(windows, vectors)
    of_spans: dict[int, list[int]] = defaultdict(list)
    for at, (owner, _) in enumerate(windows):
        of_spans[owner].append(at)
    stretches: list[Stretch] = []
    for number, span in enumerate(speech):
        of_span = of_spans[number]
        if not of_span:  # too short to be told apart: it goes with what was said just before
            stretches.append(Stretch(span, 0, stretches[-1].speaker if stretches else NAMES[0], 0.5, True))
            continue
        for first, last in _runs([int(labels[at]) for at in of_span]):
            # one window and the next overlap; where the label changes, the change is in the middle of both
            start = span.start if first == 0 else _between(windows[of_span[first - 1]][1], windows[of_span[first]][1])
            ends = last == len(of_span) - 1
            end = span.end if ends else _between(windows[of_span[last]][1], windows[of_span[last + 1]][1])
            sure = float(np.mean([certainty[at] for at in of_span[first : last + 1]]))
            name = NAMES[int(labels[of_span[first]])]
            stretches.append(Stretch(Span(round(start, 3), round(end, 3)), 0, name, round(sure, 3), True))
    return _joined(_first_is_a(stretches), ear)


def _joined(stretches: list[Stretch], ear: Ear) -> list[Stretch]:
    """Put together again what one person said with less than the usual pause in between."""
    joined: list[Stretch] = []
    for one in stretches:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.speaker == one.speaker
            and one.span.start - last.span.end < ear.silence
            and one.span.end - last.span.start <= ear.longest
        ):
            sure = (last.certainty * last.span.seconds + one.certainty * one.span.seconds) / max(
                1e-6, last.span.seconds + one.span.seconds
            )
            joined[-1] = replace(last, span=Span(last.span.start, one.span.end), certainty=round(sure, 3))
        else:
            joined.append(one)
    return joined


def _first_is_a(stretches: list[Stretch]) -> list[Stretch]:
    if not stretches or stretches[0].speaker == NAMES[0]:
        return stretches
    other = {NAMES[0]: NAMES[1], NAMES[1]: NAMES[0]}
    return [replace(one, speaker=other[one.speaker]) for one in stretches]


def _between(one: Span, other: Span) -> float:
    return (one.start + one.end + other.start + other.end) / 4


def _runs(labels: Sequence[int]) -> list[tuple[int, int]]:
    """First and last place of each run of equal labels."""
    starts = [0, *(at for at in range(1, len(labels)) if labels[at] != labels[at - 1])]
    return list(zip(starts, [*(at - 1 for at in starts[1:]), len(labels) - 1], strict=True))


def _windows(recording: "Recording", speech: Sequence[Span]) -> tuple[list[tuple[int, Span]], Floats]:
    """The windows, each with the number of its span, and a row of features for each."""
    windows: list[tuple[int, Span]] = []
    rows: list[Floats] = []
    for number, span in enumerate(speech):
        cepstra, level = cepstrum(recording.sound(span).samples.mean(0))
        start = span.start
        while span.end - start > _LEAST:
            end = min(start + _WINDOW, span.end)
            at = slice(round((start - span.start) * RATE / _HOP), round((end - span.start) * RATE / _HOP))
            loud = level[at] > np.percentile(level[at], 30) if level[at].size else np.zeros(0, bool)
            if loud.sum() >= 5:
                kept = cepstra[at][loud]
                windows.append((number, Span(start, end)))
                rows.append(np.concatenate([kept.mean(0), kept.std(0)]))
            if end >= span.end:
                break
            start += _STEP
    return windows, np.array(rows).reshape(len(rows), -1)


def cepstrum(samples: NDArray[np.float32]) -> tuple[Floats, Floats]:
    """Return MFCC 1 to 19 (frames, 19) and the level in dB (frames), a hundred frames a second."""
    from scipy.fft import dct, rfft  # noqa: PLC0415 - a second to load

    if len(samples) < _FRAME:
        return np.zeros((0, 19)), np.zeros(0)
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::_HOP] * np.hanning(_FRAME).astype(np.float32)
    power = np.abs(rfft(frames, _FFT, axis=1)) ** 2
    level = 10 * np.log10(power.sum(1) + 1e-9)
    return np.asarray(dct(np.log(power @ _mel_bank().T + 1e-9), axis=1, norm="ortho")[:, _CEPSTRA], np.float64), level


@cache
def _mel_bank() -> Floats:
    """Triangles on the mel scale, (bands, bins)."""
    low, high = (2595 * np.log10(1 + edge / 700) for edge in (_LOW, _HIGH))
    edges = 700 * (10 ** (np.linspace(low, high, _MELS + 2) / 2595) - 1)
    bins = np.arange(_FFT // 2 + 1) * RATE / _FFT
    up = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0, np.minimum(up, down))


def _path(windows: Sequence[tuple[int, Span]], vectors: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The speaker of each window (0 or 1), and how sure that is."""
    owners = np.array([owner for owner, _ in windows], np.int64)
    if len(windows) < _FEWEST_WINDOWS or not _are_two(vectors, owners):
        return np.zeros(len(windows), np.int64), np.ones(len(windows))
    plane = _plane(vectors, owners) if len(set(owners)) >= _FEW_SENTENCES else _principal(vectors)
    points = plane.points(vectors)
    distance = _apart(points, _two_means(points))
    nearer = distance[:, 1] - distance[:, 0]  # over 0 where the first is nearer
    odds = np.clip(nearer / (np.median(np.abs(nearer)) or 1.0), -2, 2) * _USUAL_ODDS
    # half a window is half the evidence
    odds *= np.array([min(1.0, span.seconds / _WINDOW) for _, span in windows])
    path = _sticky(windows, np.log1p(np.exp(np.stack([-odds, odds], axis=1))))
    return path, 1 / (1 + np.exp(np.where(path == 0, -odds, odds)))


@dataclass(frozen=True)
class _Plane:
    """A view of the features in which voices lie apart: minus `mean`, through `spread`, along `axes`."""

    mean: Floats
    spread: Floats
    axes: Floats

    def points(self, vectors: Floats) -> Floats:
        return np.asarray(((vectors - self.mean) / self.spread) @ self.axes)


def _principal(vectors: Floats) -> _Plane:
    """Ten principal components, for recordings too short to learn from what one voice varies by."""
    mean, spread = vectors.mean(0), vectors.std(0) + 1e-6
    _, _, axes = np.linalg.svd((vectors - mean) / spread, full_matrices=False)
    return _Plane(mean, spread, axes[:_COMPONENTS].T)


def _plane(vectors: Floats, owners: NDArray[np.int64]) -> _Plane:
    """Directions in which sentences differ most, in units of what varies within a sentence, which one person says.

    Linear discriminant analysis with sentences for classes. On synthetic calls of two minutes by two men it puts 99 % of the
    windows right, where principal components put 57 %.
    """
    mean, spread = vectors.mean(0), vectors.std(0) + 1e-6
    scaled = (vectors - mean) / spread
    own = _means(scaled, owners)
    inner = scaled - own
    varies = inner.T @ inner / max(1, len(scaled) - len(set(owners)))
    size = np.trace(varies) / len(varies)
    strength, turned = np.linalg.eigh(0.5 * varies + 0.5 * size * np.eye(len(varies)))
    whiten = turned / np.sqrt(strength)
    between = own @ whiten
    _, _, axes = np.linalg.svd(between - between.mean(0), full_matrices=False)
    return _Plane(mean, spread, whiten @ axes[:_DIRECTIONS].T)


def _means(rows: Floats, owners: NDArray[np.int64]) -> Floats:
    """For each row the mean of all that have its owner."""
    _, number = np.unique(owners, return_inverse=True)
    sums = np.zeros((number.max() + 1, rows.shape[1]))
    np.add.at(sums, number, rows)
    return np.asarray((sums / np.bincount(number)[:, None])[number])


def _are_two(vectors: Floats, owners: NDArray[np.int64]) -> bool:
    """Whether two clusters are two people: then the windows of one sentence fall into the same one.

    With one voice the clusters are sounds, and change within sentences. Few sentences are judged by clusters of
    principal components; twelve and more also by clusters that were learned without the sentence that is judged.
    """
    points = _principal(vectors).points(vectors)
    if _agreement(_apart(points, _two_means(points)).argmin(1), owners) >= _AGREE:
        return True
    if len(set(owners)) < _ENOUGH_SENTENCES:
        return False
    whole = _plane(vectors, owners).points(vectors)
    labels = _apart(whole, _two_means(whole)).argmin(1)
    unseen = np.zeros_like(labels)
    part = np.searchsorted(np.unique(owners), owners) % _PARTS
    for one in range(_PARTS):
        seen = part != one
        plane = _plane(vectors[seen], owners[seen])
        points = plane.points(vectors[seen])
        centres = _two_means(points)
        if (_apart(points, centres).argmin(1) == labels[seen]).mean() < 0.5:
            centres = centres[::-1]
        unseen[~seen] = _apart(plane.points(vectors[~seen]), centres).argmin(1)
    return _agreement(unseen, owners) >= _AGREE_UNSEEN and float((unseen == labels).mean()) >= _SAME_UNSEEN


def _agreement(labels: NDArray[np.int64], owners: NDArray[np.int64]) -> float:
    """How much more often windows of one sentence have the same label than any two windows: 1 always, 0 no more."""
    share = float(labels.mean())
    if not _SMALLEST_SHARE <= share <= 1 - _SMALLEST_SHARE:
        return 0.0
    differing = pairs = 0.0
    for owner in np.unique(owners):
        of_owner = labels[owners == owner]
        ones = float(of_owner.sum())
        differing += ones * (len(of_owner) - ones)
        pairs += len(of_owner) * (len(of_owner) - 1) / 2
    return 1 - differing / pairs / (2 * share * (1 - share)) if pairs else 0.0


def _apart(points: Floats, centres: Floats) -> Floats:
    """Squared distance of each point from both centres."""
    return np.asarray(((points[:, None] - centres[None]) ** 2).sum(2))


def _two_means(points: Floats, tries: int = 10) -> Floats:
    """Centres of two clusters: k-means from pairs that are far apart, the best of several tries, always the same ones."""
    chance = np.random.default_rng(0)
    best, least = points[:2], np.inf
    for _ in range(tries):
        first = points[chance.integers(len(points))]
        apart = ((points - first) ** 2).sum(1)
        far = chance.choice(len(points), p=apart / apart.sum()) if apart.any() else 0
        centres = np.stack([first, points[far]])
        for _ in range(50):
            labels = _apart(points, centres).argmin(1)
            if labels.min() == labels.max():
                break
            moved = np.stack([points[labels == one].mean(0) for one in (0, 1)])
            if np.allclose(moved, centres):
                break
            centres = moved
        cost = float(_apart(points, centres).min(1).sum())
        if cost < least:
            best, least = centres, cost
    return best


def _sticky(windows: Sequence[tuple[int, Span]], costs: Floats) -> NDArray[np.int64]:
    """The cheapest way through the windows (Viterbi): what speaks against a voice costs, and so does changing it."""
    cost = costs[0].copy()
    came = np.zeros(costs.shape, np.int64)
    for at, ((_, before), (_, now)) in enumerate(pairwise(windows), start=1):
        paused = min(1.0, max(0.0, now.start - before.end) / _PAUSE)
        change = _CHANGE + (_CHANGE_AFTER_PAUSE - _CHANGE) * paused
        stay, turn = cost, cost[::-1] + change
        came[at] = np.where(turn < stay, (1, 0), (0, 1))
        cost = np.minimum(stay, turn) + costs[at]
    path = np.zeros(len(windows), np.int64)
    path[-1] = int(cost.argmin())
    for at in range(len(windows) - 1, 0, -1):
        path[at - 1] = came[at, path[at]]
    return path
