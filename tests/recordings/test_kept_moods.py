"""A call's mood is kept as it was judged, for the speaker who was judged, and judged again in its place."""

from dataclasses import replace
from datetime import UTC, datetime

from actions.outside.store import Store
from bot.kept_moods import HeardMood, is_judged, keep_mood, mood_of
from voice.emotions import Scores
from voice.mood import Felt, Mood, Peak
from voice.transcript import Turn

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_ANGRY = Scores(angry=0.7, happy=0.1, neutral=0.1, sad=0.1)
HEARD = HeardMood(
    "A",
    Mood(
        (Felt(1.0, 4.0, _ANGRY, _ANGRY, "angry", True, 0.9, False),),
        (Peak("angry", 1.0, 4.0, 2.5, 0.7),),
        knows_calm=False,
        coverage=1.0,
        model="a model",
    ),
    (0.0, 0.5, 1.0),
)


async def test_what_was_kept_is_read_for_the_speaker_who_was_judged(store: Store) -> None:
    async with store.write() as tx:
        await keep_mood(tx, "REC-1", HEARD, NOW)
    async with store.read() as tx:
        assert await mood_of(tx, "REC-1", "A") == HEARD
        assert await mood_of(tx, "REC-1", "B") is None  # who the customer is was put right since
        assert await mood_of(tx, "REC-2", "A") is None


async def test_a_second_judgement_stands_in_the_place_of_the_first(store: Store) -> None:
    again = replace(HEARD, customer="B")
    async with store.write() as tx:
        await keep_mood(tx, "REC-1", HEARD, NOW)
        await keep_mood(tx, "REC-1", again, NOW)
    async with store.read() as tx:
        assert await mood_of(tx, "REC-1", "A") is None
        assert await mood_of(tx, "REC-1", "B") == again


async def test_a_judgement_counts_for_the_turns_that_it_was_made_by(store: Store) -> None:
    turns = tuple(Turn(at, at + 3, "…", (), "zh", who, 1.0, False, 0.9) for at, who in ((1, "A"), (4, "B")))
    async with store.write() as tx:
        await keep_mood(tx, "REC-1", HEARD, NOW, turns)
    async with store.read() as tx:
        assert await is_judged(tx, "REC-1", "A", turns)
        assert await is_judged(tx, "REC-1", "A", [replace(one, text="other words") for one in turns])
        assert not await is_judged(tx, "REC-1", "A", (replace(turns[0], speaker="B"), turns[1]))
        assert not await is_judged(tx, "REC-1", "B", turns)
