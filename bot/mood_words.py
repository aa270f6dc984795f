"""Lets what a customer says have a say in how they sound: the feelings that its words carry, at the seconds of the call."""

from collections.abc import Sequence

from intents.feelings import Feelings
from voice.emotions import Scores
from voice.mood import Words
from voice.sentences import Sentence


def words_of(feelings: Feelings, sentences: Sequence[Sentence]) -> list[Words]:
    """What each sentence's words carry, as sure as its feelings are, and no surer than it is that they were said."""
    told = feelings.of([one.text for one in sentences])
    return [
        Words(
            one.start,
            one.end,
            Scores(angry=felt.angry, happy=felt.happy, neutral=felt.neutral, sad=felt.sad),
            felt.confidence * one.certainty,
        )
        for one, felt in zip(sentences, told, strict=True)
    ]
