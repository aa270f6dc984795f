"""How a customer sounded, as the outside reads it: segments, curve, peaks with their words."""

from pydantic import BaseModel

from bot.kept_moods import HeardMood
from voice.customer_mood import sentences_by, words_around
from voice.transcript import Turn


class EmotionsOut(BaseModel):
    """Probabilities of a stretch of speech; they sum to 1."""

    angry: float
    happy: float
    neutral: float
    sad: float


class MoodSegment(BaseModel):
    """How the customer sounds from `start` to `end`. `emotion` is one of the four or "uncertain"; `confidence`, 0 to 1, says
    how well the voice was heard; `uses_words`: whether what is said had a say."""

    start: float
    end: float
    emotion: str
    sounds_angry: bool
    scores: EmotionsOut
    arousal: float
    confidence: float
    uses_words: bool


class MoodPoint(BaseModel):
    """A point of the smoothed curve."""

    at: float
    scores: EmotionsOut


class MoodPeak(BaseModel):
    """A stretch in which an emotion stands out: strongest at the second `at`, where the customer says these words."""

    emotion: str
    start: float
    end: float
    at: float
    strength: float
    words: str


class MoodOut(BaseModel):
    """How the customer sounds in a call, an estimate; never anybody else. `coverage` is the share of the customer's seconds
    with an answer; `knows_calm`: measured against how they sound when calm; `outline`: loudness of the call, 0 to 1."""

    customer_speaker: str
    model: str
    knows_calm: bool
    coverage: float
    segments: list[MoodSegment]
    curve: list[MoodPoint]
    peaks: list[MoodPeak]
    outline: list[float]


def mood_out(heard: HeardMood, turns: tuple[Turn, ...]) -> MoodOut:
    """The kept mood; `turns` are what was said, of which only the customer's is quoted."""
    mood, sentences = heard.mood, sentences_by(heard.customer, turns)
    return MoodOut(
        customer_speaker=heard.customer,
        model=mood.model,
        knows_calm=mood.knows_calm,
        coverage=mood.coverage,
        segments=[
            MoodSegment(
                start=one.start,
                end=one.end,
                emotion=one.emotion,
                sounds_angry=one.sounds_angry,
                scores=EmotionsOut(**one.scores.by_name()),
                arousal=one.scores.arousal,
                confidence=one.confidence,
                uses_words=one.uses_words,
            )
            for one in mood.felt
        ],
        curve=[MoodPoint(at=one.middle, scores=EmotionsOut(**one.curve.by_name())) for one in mood.felt],
        peaks=[
            MoodPeak(
                emotion=one.emotion,
                start=one.start,
                end=one.end,
                at=one.at,
                strength=one.strength,
                words=words_around(sentences, one),
            )
            for one in mood.peaks
        ],
        outline=list(heard.outline),
    )
