"""What is seen of a recording while it is listened to: how far it is and the last words, not too often on one card."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from actions.crm.records import Recording
from bot.fault import name_fault
from bot.listening_queue import Job
from voice.plan import Opening
from voice.transcript import Turn

_SHOWN_AGAIN = (1.0, 3.0, 6.0, 12.0, 30.0)
"""Seconds between two looks of one card: the first words come at once, a long call does not fill the ledger."""
_SOON, _MOST_MISSED = 0.1, 8
"""Seconds, doubled each time, after which it is looked for a card that was not there yet, and how often."""
_OPENING, _PREVIEWED, _HEARD = range(3)
"""Stages of what is shown: how far the opening is; first words from before it is opened; turns with their speakers."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Progress:
    """How far it is: seconds heard, of how many, and the last turns; while it is opened, the share (0 … 1) of that."""

    recording: Recording
    heard: float
    duration: float
    last: tuple[Turn, ...]
    opened: float | None = None


@dataclass
class _Shown:
    """What of a recording was shown: `count` times (`missed` where there was no card yet), `number` in this stage of it,
    last `at` this time of the loop.

    `waiting` has come since, and is shown when the `alarm` rings.
    """

    count: int = 0
    missed: int = 0
    number: int = 0
    at: float = float("-inf")
    stage: int = 0
    waiting: Progress | None = None
    alarm: asyncio.TimerHandle | None = None


class HeardSoFar:
    """Shows what comes out of the threads of listening. `progress` tells it, with a number that is greater for what comes
    later, and says whether there was a card to tell it on; `telling` are the tasks that do so now."""

    def __init__(self, progress: Callable[[Progress, int], Awaitable[bool]]) -> None:
        self._progress = progress
        self.telling: set[asyncio.Task[None]] = set()
        self._live: dict[str, list[Turn]] = defaultdict(list)
        self._shown: dict[str, _Shown] = defaultdict(_Shown)
        self._is_closing = False

    def begin(self, recording: Recording) -> None:
        """A step of it begins: what was said before is no news."""
        self._live[recording.id].clear()

    def forget(self, recording_id: str) -> None:
        """Nothing more comes of it."""
        self._live.pop(recording_id, None)
        shown = self._shown.pop(recording_id, None)
        if shown is not None and shown.alarm is not None:
            shown.alarm.cancel()

    def close(self) -> None:
        """Show nothing more."""
        self._is_closing = True
        for shown in self._shown.values():
            if shown.alarm is not None:
                shown.alarm.cancel()

    def looked(self, job: Job, recording: Recording, opening: Opening) -> None:
        """So much of it is opened, and these are its first words."""
        live = self._live[recording.id]
        live += opening.turns
        self._news(job, Progress(recording, 0.0, opening.duration or 0.0, tuple(live[-3:]), opening.share))

    def said(self, job: Job, recording: Recording, turn: Turn, duration: float) -> None:
        """A turn has come out of the thread."""
        live = self._live[recording.id]
        live.append(turn)
        self._news(job, Progress(recording, turn.end, duration, tuple(live[-3:])))

    def _news(self, job: Job, progress: Progress) -> None:
        """Shown at once where it is the first words, else when it is time, unless there is something newer by then."""
        if self._is_closing or job.is_brief:
            return
        now, shown = asyncio.get_running_loop().time(), self._shown[progress.recording.id]
        shown.waiting = progress
        pause = _SHOWN_AGAIN[min(max(1, shown.number), len(_SHOWN_AGAIN)) - 1]
        stage = _HEARD if progress.opened is None else _PREVIEWED if progress.last else _OPENING
        if stage > shown.stage:
            shown.stage, shown.number, pause = stage, 0, 0.0
            if shown.alarm is not None:
                shown.alarm.cancel()
        elif shown.alarm is not None:
            return
        elif shown.at == float("-inf"):
            shown.at = now  # what is opened within a second needs no bar
        due = max(now, shown.at + pause)
        shown.alarm = asyncio.get_running_loop().call_at(due, self._show_next, job, progress.recording.id)

    def _show_next(self, job: Job, recording_id: str) -> None:
        shown = self._shown[recording_id]
        progress, shown.alarm, shown.waiting = shown.waiting, None, None
        if progress is None or self._is_closing:
            return
        shown.count, shown.number, shown.at = shown.count + 1, shown.number + 1, asyncio.get_running_loop().time()
        task = asyncio.create_task(self._show(job, progress, shown.count))
        self.telling.add(task)
        task.add_done_callback(self.telling.discard)

    async def _show(self, job: Job, progress: Progress, number: int) -> None:
        try:
            is_told = await self._progress(progress, int(job.owner[:8], 16) * 1000 + number)
        except Exception as fault:  # the work itself goes on
            log.error("progress not told", recording=progress.recording.id, error=name_fault(fault))
            return
        shown = self._shown.get(progress.recording.id)
        if is_told or shown is None or shown.missed >= _MOST_MISSED or self._is_closing:
            return
        shown.missed += 1  # the card itself is still on its way
        shown.waiting = shown.waiting or progress
        if shown.alarm is not None:
            shown.alarm.cancel()
        pause = _SOON * 2**shown.missed
        shown.alarm = asyncio.get_running_loop().call_later(pause, self._show_next, job, progress.recording.id)
