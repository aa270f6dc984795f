"""How a customer sounds in the course of a call: each segment, the smoothed curve, its peaks. Never how staff sound.

The one thing that is scored is `CustomerSpeech`, which gives the sound of the customer and no other, and is made only by the
two functions beside it. Sound is read a segment at a time, so that three hours need no more memory than three minutes.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby, pairwise
from typing import Protocol

import numpy as np

from voice.emotion_model import EmotionModel
from voice.emotions import EMOTIONS, Scores, arousal_of, calm_of
from voice.features import FRAMES_A_SECOND, Floats, statistics, tracks
from voice.hearings import hearings
from voice.speakers import NAMES, Stretch
from voice.transcript import RATE, Sound, Span

UNCERTAIN = "uncertain"
"""What a segment is called where no emotion is likely enough."""

_SHORTEST, _LONGEST = 0.6, 8.0
"""Seconds that a segment has: of less too little is heard, longer ones are cut into pieces of about half of the most."""
_QUIETEST = 3e-4
"""Root mean square of a segment (of 1) below which there is no speech in it; 10 of 32,768, quieter than any clip met."""
_MOMENT, _LOUDER, _SPEAKS = 0.2, 2.0, 1e-3
"""Seconds at a time in which two channels are compared; what one hears may be the other's echo where that is so much louder
(6 dB; what leaks from ear to mouthpiece is some 20 dB down) and is not silent (-60 dB of full scale)."""
_SMOOTH = 5.0
"""Seconds of the Gaussian that the curve is smoothed with: two or three turns of a conversation."""
_ENOUGH = 2.0
"""Seconds of voiced speech from which a segment is heard as well as it can be."""
_PEAK, _MOST_PEAKS = 0.5, 5
"""An emotion stands out where the curve says it is likelier than all others together; so many stretches are told."""
_STANDING_OUT = ("angry", "happy", "sad")
_LEAST = 1e-6


class Spoken(Protocol):
    """A stretch of a call with its speaker, in seconds from the beginning."""

    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...
    @property
    def speaker(self) -> str: ...


class Call(Protocol):
    """A recording at 16 kHz that is read span by span (`voice.decode.Recording` is one); `duration` in seconds."""

    @property
    def duration(self) -> float: ...
    @property
    def channels(self) -> int: ...
    def sound(self, span: Span) -> Sound: ...


@dataclass(frozen=True)
class Piece:
    """A stretch of the customer's speech, `start` to `end` in seconds of the call; `hear` reads its sound and no other."""

    start: float
    end: float
    hear: Callable[[], Floats]

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class CustomerSpeech:
    """What the customer says in a call, in order of time. Nothing that anybody else says is in here."""

    pieces: tuple[Piece, ...]


def customer_speech(
    call: Call, turns: Iterable[Spoken], customer: str | None, stretches: Iterable[Stretch] = ()
) -> CustomerSpeech:
    """Take the customer's turns out of a call, without what somebody else says at the same time.

    `customer` names which speaker is the customer; while that is not known (None) nothing is taken. Where each side has a
    channel of its own, the customer's alone is taken, without what it hears of the other; somebody who has no channel there
    is not heard at all. On one channel `stretches`, who speaks when by the sound of the voices, tell of voices in the midst
    of a turn that left no words.
    """
    has_channels = call.channels == len(NAMES)
    if customer is None or (has_channels and customer not in NAMES):
        return CustomerSpeech(())
    turns = list(turns)
    own = sorted((turn.start, min(turn.end, call.duration)) for turn in turns if turn.speaker == customer)
    if has_channels:
        channel = NAMES.index(customer)
        kept = [part for start, end in own for part in _without(start, end, _echoes(call, channel, start, end))]
        return CustomerSpeech(tuple(piece for start, end in kept for piece in _pieces(call, channel, start, end)))
    others = [(turn.start, turn.end) for turn in turns if turn.speaker != customer]
    voices = list(stretches)
    alone = [
        part for start, end in own for part in _without(start, end, sorted([*others, *_other_voices(start, end, voices)]))
    ]
    return CustomerSpeech(tuple(piece for start, end in alone for piece in _pieces(call, None, start, end)))


def recording_of_a_customer(call: Call) -> CustomerSpeech:
    """Take a recording in which, as whoever hands it in says, one customer speaks and nobody else."""
    return CustomerSpeech(tuple(_pieces(call, None, 0.0, call.duration)))


def _echoes(call: Call, channel: int, start: float, end: float) -> list[tuple[float, float]]:
    """Return when, within a turn, the other channel is so much louder that this one may hear nothing but its echo."""
    mine, other = (_loudness(_sound_of(call, one, Span(start, end))) for one in (channel, 1 - channel))
    is_echo = (other > _LOUDER * mine) & (other > _SPEAKS)
    return [(start + at * _MOMENT, start + (at + 1) * _MOMENT) for at in np.flatnonzero(is_echo)]


def _loudness(sound: Floats) -> Floats:
    """Return the root mean square of each _MOMENT that a sound has, the last one perhaps shorter."""
    step = round(_MOMENT * RATE)
    return np.array([np.sqrt(np.mean(sound[at : at + step] ** 2)) for at in range(0, len(sound), step)], np.float32)


def _other_voices(start: float, end: float, voices: Sequence[Stretch]) -> list[tuple[float, float]]:
    """Return when, within a turn, another voice is heard than the one that has most of it.

    A turn may have been given to another speaker by hand since, so names are compared among the stretches only.
    """
    within = [(min(one.span.end, end) - max(one.span.start, start), one) for one in voices]
    within = [(seconds, one) for seconds, one in within if seconds > 0]
    held: dict[str, float] = {}
    for seconds, one in within:
        held[one.speaker] = held.get(one.speaker, 0.0) + seconds
    most = max(held, key=held.__getitem__, default="")
    return [(one.span.start, one.span.end) for _, one in within if one.speaker != most]


def _without(start: float, end: float, others: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return what is left of start … end when others speak at some of that time."""
    left, at = [], start
    for first, last in others:
        if last <= at or first >= end:
            continue
        if first > at:
            left.append((at, first))
        at = max(at, last)
    return [*left, (at, end)] if at < end else left


def _pieces(call: Call, channel: int | None, start: float, end: float) -> list[Piece]:
    if end - start < _SHORTEST:
        return []
    count = 1 if end - start <= _LONGEST else -(-int(end - start) // int(_LONGEST / 2))
    edges = np.linspace(start, end, count + 1)
    spans = [Span(float(first), float(last)) for first, last in pairwise(edges)]
    found = [Piece(span.start, span.end, partial(_sound_of, call, channel, span)) for span in spans]
    return [one for one in found if _is_heard(one.hear())]


def _sound_of(call: Call, channel: int | None, span: Span) -> Floats:
    """Return the sound of a span, (n): of one channel, or of all of them together."""
    read = call.sound(span)
    return read.mono if channel is None else read.samples[channel]


def _is_heard(sound: Floats) -> bool:
    return len(sound) > 0 and float(np.sqrt(np.mean(sound**2))) > _QUIETEST


@dataclass(frozen=True)
class Words:
    """What a text model says of the words in `start` … `end` seconds, and how sure it is of it, 0 … 1."""

    start: float
    end: float
    scores: Scores
    confidence: float


@dataclass(frozen=True)
class Felt:
    """One segment.

    `scores` of voice and words together, `curve` the same smoothed over the call; `emotion` is the likeliest or UNCERTAIN;
    `sounds_angry`: whether anger is called when a miss and a false alarm weigh the same, which is sooner than being the
    likeliest; `confidence`: how well the voice was heard, 0 … 1; `uses_words`: whether words had a say.
    """

    start: float
    end: float
    scores: Scores
    curve: Scores
    emotion: str
    sounds_angry: bool
    confidence: float
    uses_words: bool

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2


@dataclass(frozen=True)
class Peak:
    """A stretch in which one emotion stands out; `at`: the second where it is strongest, `strength`: its probability."""

    emotion: str
    start: float
    end: float
    at: float
    strength: float


@dataclass(frozen=True)
class Mood:
    """The customer's mood in a call.

    `knows_calm`: whether it is measured against how this caller sounds when calm; `coverage`: the share of the customer's
    seconds with an answer other than UNCERTAIN, 0 where nothing was heard; `model`: who says so.
    """

    felt: tuple[Felt, ...]
    peaks: tuple[Peak, ...]
    knows_calm: bool
    coverage: float
    model: str


def mood(speech: CustomerSpeech, model: EmotionModel, words: Iterable[Words] = ()) -> Mood:
    """Judge a customer's speech. Raise TypeError for anything else, so that no other speaker's sound can slip in."""
    _of_a_customer(speech)
    told, certain, knows_calm = _told(speech, model)
    words = list(words)
    fused = [
        _fused(probabilities, confidence, [one for one in words if one.start < piece.end and one.end > piece.start])
        for piece, probabilities, confidence in zip(speech.pieces, told, certain, strict=True)
    ]
    angry_from = model.profile.calls_angry_from(knows_calm=knows_calm)
    felt = _smoothed(
        [
            Felt(
                piece.start,
                piece.end,
                scores,
                scores,
                _named(scores, model),
                scores.angry >= angry_from,
                float(confidence),
                uses_words,
            )
            for piece, (scores, uses_words), confidence in zip(speech.pieces, fused, certain, strict=True)
        ]
    )
    seconds = sum(one.end - one.start for one in felt)
    answered = sum(one.end - one.start for one in felt if one.emotion != UNCERTAIN)
    return Mood(tuple(felt), _peaks(felt), knows_calm, answered / seconds if seconds else 0.0, model.profile.name)


def overall(speech: CustomerSpeech, model: EmotionModel) -> Scores:
    """Judge a recording as a whole by the voice alone: the mean of its segments, each as long as it is.

    Raise ValueError where no speech is loud or long enough, TypeError for anything but a customer's speech.
    """
    _of_a_customer(speech)
    if not speech.pieces:
        raise ValueError("there is not enough speech in it")
    told, certain, _ = _told(speech, model, against_calm=False)
    weight = np.array([piece.seconds for piece in speech.pieces]) * np.maximum(certain, 0.05)
    return _scores((told * weight[:, None]).sum(axis=0) / weight.sum())


def _of_a_customer(speech: object) -> None:
    if not isinstance(speech, CustomerSpeech):
        raise TypeError("only a customer's speech is scored")


def _told(speech: CustomerSpeech, model: EmotionModel, *, against_calm: bool = True) -> tuple[Floats, Floats, bool]:
    """Return probabilities (n, 4), how well each piece was heard (n), and whether the caller's calm was known."""
    if not speech.pieces:
        return np.zeros((0, len(EMOTIONS)), np.float32), np.zeros(0, np.float32), False
    waves: list[Floats] = []
    rows: list[Floats] = []
    voiced: list[float] = []
    for piece in speech.pieces:
        sound = piece.hear()
        heard = tracks(sound)
        voiced.append(min(float((heard.pitch > 0).sum()) / FRAMES_A_SECOND / _ENOUGH, 1.0))
        if model.hears_waveforms:
            waves.append(model.of_sounds([sound]))
        else:
            rows.append(hearings(sound, heard) if model.profile.hears_again else statistics(heard))
    certain = np.array(voiced, np.float32)
    if model.hears_waveforms:
        return np.concatenate(waves), certain, False
    features = np.stack(rows)
    told = model.of_features(features)
    if not against_calm:
        return told, certain, False
    seconds = np.array([piece.seconds for piece in speech.pieces], np.float32)
    well = certain >= _BARELY
    calm = calm_of(features[well], arousal_of(told[well]), seconds[well])
    if calm is None:
        return told, certain, False
    return model.of_features(features, calm), certain, True


_BARELY = 0.15
"""Confidence below which a segment says nothing about how the caller sounds when calm."""


def _scores(probabilities: Floats) -> Scores:
    return Scores(*(float(one) for one in probabilities / probabilities.sum()))


def _fused(probabilities: Floats, confidence: float, words: Sequence[Words]) -> tuple[Scores, bool]:
    """Return voice and words together: a product of experts, each to the power of its share of all confidence.

    The voice counts at least a little, the words as much as their model is sure and as they are in the segment.
    """
    voice = max(float(confidence), 0.1)
    shares = [(np.asarray(probabilities, np.float32), voice)]
    shares += [(_row(one.scores), one.confidence) for one in words if one.confidence > 0]
    total = sum(share for _, share in shares)
    logs = sum(np.log(np.maximum(told, _LEAST)) * (share / total) for told, share in shares)
    return _scores(np.exp(np.asarray(logs))), len(shares) > 1


def _row(scores: Scores) -> Floats:
    return np.array([getattr(scores, name) for name in EMOTIONS], np.float32)


def _named(scores: Scores, model: EmotionModel) -> str:
    return scores.likeliest if scores.highest >= model.profile.sure_from else UNCERTAIN


def _smoothed(felt: Sequence[Felt]) -> list[Felt]:
    """Return the segments with their curve: the mean of what is near in time, the better heard counting more."""
    if not felt:
        return []
    middles = np.array([one.middle for one in felt])
    rows = np.stack([_row(one.scores) for one in felt])
    length = np.array([min(one.end - one.start, _LONGEST) * max(one.confidence, 0.05) for one in felt])
    near = np.exp(-0.5 * ((middles[:, None] - middles[None]) / _SMOOTH) ** 2) * length
    curve = near @ rows / near.sum(axis=1, keepdims=True)
    return [replace(one, curve=_scores(row)) for one, row in zip(felt, curve, strict=True)]


def _peaks(felt: Sequence[Felt]) -> tuple[Peak, ...]:
    """Return the strongest stretches of anger, joy and sadness, in order of time.

    They are where the curve is above _PEAK and at least one segment has that answer: doubt upon doubt is no peak.
    """
    found: list[Peak] = []
    for emotion in _STANDING_OUT:
        strengths = [float(getattr(one.curve, emotion)) for one in felt]
        for is_high, run in groupby(range(len(felt)), key=lambda number, of=strengths: of[number] >= _PEAK):  # type: ignore[misc]
            numbers = list(run)
            if is_high and any(felt[number].emotion == emotion for number in numbers):
                top = max(numbers, key=strengths.__getitem__)
                found.append(Peak(emotion, felt[numbers[0]].start, felt[numbers[-1]].end, felt[top].middle, strengths[top]))
    strongest = sorted(found, key=lambda peak: -peak.strength)[:_MOST_PEAKS]
    return tuple(sorted(strongest, key=lambda peak: peak.at))
