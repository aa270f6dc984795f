"""From what somebody wants put right in a call to the command that does it, with all that hangs on it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from actions.carry_out import timers
from actions.commands.calls import CallLift, CallPromise, WriteCall, call_reminder
from actions.commands.corrections import CallRevision, CorrectCall, RevisedPromise, call_file
from actions.crm import own, people
from actions.crm.records import CallFile, Corrected, Customer, Recording, Reminder, Speaker
from actions.outside.store import Store, Tx
from actions.proposal import Outcome, Plan
from bot.call_notes import signals_over
from bot.call_reading import CallRead, CallReader
from bot.kept_recordings import RecordingShelf, may_read
from bot.phrase_calls import call_note, lift_of, promised
from bot.steps import ShowCallNote
from bot.wording.fill import Voice
from bot.wording.sentences import LANGUAGES
from voice.correct import put_right
from voice.sentences import Sentence

_MOST_OF_A_TURN = 10
"""Reminders that are looked for of what was promised in one turn."""


@dataclass(frozen=True)
class Wish:
    """What somebody wants put right: the `text` of a turn, or the `speaker` of one, counted from 0, or who is the `customer`
    ("" where nobody knows)."""

    what: Corrected
    value: str
    place: int | None = None


async def correction(
    tx: Tx, calls: CallReader, recording_id: str, wish: Wish, speaker: Speaker, now: datetime
) -> CorrectCall | None:
    """The command that puts it right; None where this speaker may not read the recording, or there is none.

    Of a call that was written down it holds what that comes to: the call is read as it stands and as it would stand, and
    what somebody left out when they wrote it down stays out. Show it before it is done where `revised` is set.
    """
    recording = await own.get(tx, "recording", recording_id)
    if not isinstance(recording, Recording) or recording.state == "deleted":
        return None
    if not await may_read(tx, recording, speaker):
        return None
    key = call_file(recording.id)
    facts = await own.get_many(tx, (("recording", recording.id), ("call_file", key)))
    file: CallFile = facts.get("call_file", key)
    upon = file.corrections[-1].id if file.corrections else ""
    command = CorrectCall(recording.id, wish.what, wish.value, wish.place, upon)
    customer = facts.get("customer", recording.customer_id)
    if file.activity is None or not isinstance(customer, Customer):
        return command
    turns = put_right(file.turns, [(wish.what, wish.place, " ".join(wish.value.split()))])
    corrected = recording
    if wish.what == "customer":
        corrected = replace(recording, customer_speaker=wish.value or None, customer_percent=100)
    writer = await people.speaker_of(tx, file.activity.by_id) if file.activity.by_id else None
    before = await calls.read(recording, file.turns, (writer or speaker).zone)
    after = await calls.read(corrected, turns, (writer or speaker).zone)
    notes = _Notes(before, after, customer, writer or speaker)
    revised = await _revision(tx, notes, file)
    return replace(command, revised=replace(revised, lifts=await _lifts(tx, notes, file, speaker)))


class CallCorrections:
    """Puts calls right for somebody who is not in the chat: the API, a page. The call is read before anything is locked."""

    def __init__(
        self,
        store: Store,
        calls: CallReader,
        shelf: RecordingShelf,
        now: Callable[[], datetime],
        arm: Callable[[Iterable[str]], None],
    ) -> None:
        self._store = store
        self._calls = calls
        self._shelf = shelf
        self._now = now
        self._arm = arm

    async def planned(self, recording_id: str, wish: Wish, speaker: Speaker) -> tuple[CorrectCall, Plan] | None:
        """What putting it right would change, to be shown; None where this speaker may not read the recording."""
        async with self._store.read() as tx:
            command = await correction(tx, self._calls, recording_id, wish, speaker, self._now())
            if command is None:
                return None
            return command, command.plan(await own.get_many(tx, command.reads), speaker, "", self._now())

    async def correct(self, recording_id: str, wish: Wish, speaker: Speaker, cause: str, place: str) -> Outcome | None:
        """Put it right, once for each `cause`; `place` is the conversation in which it counts as done. None as above."""
        async with self._store.read() as tx:
            command = await correction(tx, self._calls, recording_id, wish, speaker, self._now())
        if command is None:
            return None
        async with self._store.write() as tx:
            outcome = await self._shelf.order(tx, command, speaker, cause, place)
        self._arm(timers(outcome))
        return outcome


class _Notes:
    """What would be written down of a call as it stood and as it will stand, in any language, by whoever wrote it down."""

    def __init__(self, before: CallRead, after: CallRead, customer: Customer, writer: Speaker) -> None:
        self.before, self.after = before, after
        self._customer = customer
        self.writer = writer

    @property
    def customer(self) -> Customer:
        """With whom the call was."""
        return self._customer

    def of(self, read: CallRead, lang: str, without: Sequence[str] = ()) -> WriteCall:
        voice = Voice("en" if lang == "en" else "zh", self.writer.zone)
        at = read.recording.created_at
        return call_note(ShowCallNote(read, self._customer, self.writer, at, tuple(without)), voice)


async def _revision(tx: Tx, notes: _Notes, file: CallFile) -> CallRevision:
    assert file.activity is not None  # only a call that was written down is revised
    first = {lang: notes.of(notes.before, lang).text.partition("\n")[0] for lang in LANGUAGES}
    lang = next((one for one, line in first.items() if file.activity.text.startswith(line)), notes.writer.lang)
    there = {one.kind for one in file.signals}
    left_out = [f"signal:{one.kind}" for one in notes.before.signals if one.kind not in there]
    note = notes.of(notes.after, lang, left_out)
    return CallRevision(note.text, note.moments, note.signals, await _promises(tx, notes))


async def _lifts(tx: Tx, notes: _Notes, file: CallFile, speaker: Speaker) -> tuple[CallLift, ...]:
    """What the call says is over, as it will stand: of what it had lifted what it still ends, and what it did not end before
    and this speaker may lift. What somebody left standing when they wrote it down stays."""
    over = {one.kind: one for one in notes.after.over}
    still = [one for one in file.lifted if one.kind in over]
    ended_before = {one.kind for one in notes.before.over}
    found = await signals_over(tx, notes.after, notes.customer, speaker)
    return tuple(lift_of(one, over[one.kind]) for one in (*still, *(one for one in found if one.kind not in ended_before)))


async def _promises(tx: Tx, notes: _Notes) -> tuple[RevisedPromise, ...]:
    """The reminders that should be otherwise. One that its writer left out, or that nobody was offered, is no other."""
    recording_id = notes.before.recording.id
    old, new = _of_turns(notes.before, notes.writer), _of_turns(notes.after, notes.writer)
    revised: list[RevisedPromise] = []
    for turn in sorted({*old, *new}):
        ids = [call_reminder(recording_id, turn, number) for number in range(_MOST_OF_A_TURN)]
        kept = {one.id: one for one in await own.by_ids(tx, "reminder", ids) if isinstance(one, Reminder)}
        free = [one for one in ids if one not in kept]
        left = [*new.get(turn, ())]
        for quote, promise in old.get(turn, ()):
            reminder = next((one for one in kept.values() if promise and one.text == promise.text), None)
            match = next((one for one in left if _overlap(one[0], quote)), None)
            if match is not None:
                left.remove(match)
            becomes = match[1] if match else None
            if reminder is not None:
                kept.pop(reminder.id)
                if becomes != promise:
                    revised.append(_revised(reminder.id, becomes))
            elif promise is None and becomes is not None and free:  # a day that was not heard before
                revised.append(_revised(free.pop(0), becomes))
        for _, promise in left:
            if promise is not None and free:
                revised.append(_revised(free.pop(0), promise))
    return tuple(revised)


def _of_turns(read: CallRead, speaker: Speaker) -> dict[int, list[tuple[Sentence, CallPromise | None]]]:
    """What we promised in each turn, and as what it is remembered."""
    found: dict[int, list[tuple[Sentence, CallPromise | None]]] = {}
    for place, one in promised(read, speaker):
        quote = read.report.promises[place].quote
        found.setdefault(read.turn_of(quote), []).append((quote, one if isinstance(one, CallPromise) else None))
    return found


def _revised(reminder_id: str, promise: CallPromise | None) -> RevisedPromise:
    return RevisedPromise(reminder_id, promise.text if promise else "", promise.due_at if promise else None)


def _overlap(one: Sentence, other: Sentence) -> bool:
    return one.start < other.end and other.start < one.end
