"""The last step of listening to a call: how the customer sounded is judged and drawn in a thread, then kept.

A call of which nobody knows who the customer is, and a voice message, are never judged.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from sqlalchemy import delete

from actions.crm.records import Recording
from actions.outside.store import Tx
from actions.outside.tables import CallMoodRow
from actions.papers.letters import FILES
from actions.recordings.pictures import erase_pictures, keep_pictures
from bot.hearing import MoodJudge
from bot.kept_moods import HeardMood, is_judged, keep_mood
from bot.phrase_mood import mood_names, tells_enough
from bot.wording.fill import Voice
from bot.wording.sentences import LANGUAGES
from voice.curve import draw_curve
from voice.decode import Recording as Decoded
from voice.plan import Plan
from voice.transcript import Turn


@dataclass(frozen=True)
class Drawn:
    """A mood with its picture for each language, PNG; without any where there is too little to be seen. Of these turns."""

    heard: HeardMood
    turns: tuple[Turn, ...]
    pictures: Mapping[str, bytes]


class MoodStep:
    """`judge` is called in a thread; rows go to the store, pictures to the home."""

    def __init__(self, judge: MoodJudge, home: Path, now: Callable[[], datetime]) -> None:
        self._judge = judge
        self._home = home
        self._now = now

    async def is_due(self, tx: Tx, recording: Recording, customer: str | None, turns: Sequence[Turn]) -> bool:
        """Whether there is a customer in this call who was not judged yet, by what these turns say they spoke."""
        if recording.is_message or customer is None:
            return False
        return not await is_judged(tx, recording.id, customer, turns)

    def think(
        self, source: Path | Decoded, plan: Plan, turns: Sequence[Turn], customer: str, cancelled: Callable[[], bool]
    ) -> Drawn:
        """Judge and draw; it may take a second for some minutes of sound. Raises what the judge does."""
        stretches = [one for piece in plan.pieces for one in piece.stretches]
        mood, outline = self._judge.judge(source, turns, customer, stretches, cancelled)
        levels = np.asarray(outline, np.float32)
        pictures: dict[str, bytes] = {
            lang: draw_curve(levels, plan.duration, mood, mood_names(Voice(lang)), FILES[False])
            for lang in LANGUAGES
            if tells_enough(mood)
        }
        return Drawn(HeardMood(customer, mood, outline), tuple(turns), pictures)

    async def keep(self, tx: Tx, recording_id: str, drawn: Drawn) -> None:
        """Keep both, in the place of what was kept before."""
        await keep_mood(tx, recording_id, drawn.heard, self._now(), drawn.turns)
        await asyncio.to_thread(keep_pictures, self._home, recording_id, drawn.pictures)

    async def forget(self, tx: Tx, recording_id: str) -> None:
        """Take away what was made of a voice that is not the customer's after all."""
        await tx.execute(delete(CallMoodRow).where(CallMoodRow.recording_id == recording_id))
        await asyncio.to_thread(erase_pictures, self._home, recording_id)
