"""From words about a call that stands in the conversation to its answer: what was said, promised, felt; what to do with it.

A recording is spoken of when its card is the newest here, or when the words name a call: then the one that was shown here
last, that of the company they name, or the one that this person sent last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from actions.commands.clips import ShareClip
from actions.commands.recordings import ListenAgain, NotWithCustomer, RecordBasis, TakeRecording
from actions.crm import own
from actions.crm.records import Customer, Recording
from actions.outside.store import Tx
from actions.outside.tables import ButtonRow, DeedRow
from actions.proposal import Basis
from actions.rows import may_see
from bot.call_notes import note_on_call, summary_of_call
from bot.call_questions import CallQuestion, basis_in, goes_on, is_with_another, question_in
from bot.call_reading import CallRead, CallReader
from bot.correcting import line_at, what_is_wrong
from bot.kept_moods import mood_of
from bot.kept_recordings import may_read, turns_of
from bot.playing import SECONDS, play
from bot.steps import AskToDelete, AskWhich, Do, Heard, Plain, ShowTranscript, Step, Tell, TellOfCall
from intents.dictionary import OUT_OF_SCOPE
from intents.understanding import Understanding

_IS_SUBJECT_FOR = timedelta(hours=12)
_JUST_ASKED = timedelta(minutes=15)
"""For how long words are the answer to the question for a basis; after that they may well mean something else."""
_LOOKED_AT = 60
"""Buttons of the conversation that are looked through for the recording they are about."""
_MOST_CALLS = 5
_NOT_HEARD = {
    "awaiting_basis": "call_needs_basis",
    "queued": "call_still_heard",
    "running": "call_still_heard",
    "cancelled": "call_was_stopped",
    "failed": "call_not_heard",
    "deleted": "recording_gone",
}
_WHY = CallQuestion("grounds", names_a_call=False)
"""What a bare "why?" asks under the report of a call."""
_ASKS_FOR_RECORDING = "crm.analyse_call"
_STAYS_SUBJECT_FOR = timedelta(minutes=30)
"""For how long what was said in a call can be asked after without naming it, whatever was shown between."""
_OF_WHAT_WAS_SAID = frozenset({"said", "objections", "they_promised", "we_promised", "promised", "open", "mood", "angriest"})
_ON_CALLS = frozenset({"write_call", "correct_call", "share_clip", "record_basis", "listen_again"})
"""What was done with a call leaves it the subject: the card that says so has only its undo."""


async def said_of_call(tx: Tx, heard: Heard, understanding: Understanding, calls: CallReader) -> Sequence[Step]:
    """The steps that these words come to where they are about a recording: its basis, to go on, a question; else none."""
    if not heard.speaker.is_staff:
        return ()
    if bases := await answers_basis(tx, heard, understanding.text):
        return bases
    done = await goes_on_listening(tx, heard, understanding.text) or await _not_with_them(tx, heard, understanding.text)
    step = done or await asked_of_call(tx, heard, understanding, calls)
    return () if step is None else (step,)


async def asked_of_call(tx: Tx, heard: Heard, understanding: Understanding, calls: CallReader) -> Step | None:
    """What these words ask of a call, as the step that answers them; None where they are about something else."""
    question = _WHY if understanding.control == "why" else question_in(_with_they(understanding))
    recording = await _subject(tx, heard, question, understanding) if question else None
    if question is None or recording is None:
        return None
    if question.topic == "delete" and recording.state != "deleted":
        return AskToDelete(recording)
    if recording.state != "done":
        return Plain(_NOT_HEARD[recording.state], {"name": recording.name})
    return await _answer(tx, heard, question, recording, calls)


def _with_they(understanding: Understanding) -> str:
    """The words with the customer and their people called "they": whom a question names is looked at apart."""
    text = understanding.text
    they = "客户" if understanding.lang == "zh" else "they"
    for slot in sorted(understanding.slots, key=lambda slot: -slot.start):
        if slot.type in ("company", "person"):
            text = text[: slot.start] + they + text[slot.start + len(slot.text) :]
    return text


async def _answer(tx: Tx, heard: Heard, question: CallQuestion, recording: Recording, calls: CallReader) -> Step:
    data = {"recording": recording.id}
    match question.topic:
        case "summary":
            return await summary_of_call(tx, heard, data, calls)
        case "write":
            return await note_on_call(tx, heard, data, calls)
        case "words":
            return ShowTranscript(recording, await turns_of(tx, recording.id), 0)
        case "ours" | "theirs":
            shown = await _second_shown(tx, heard, recording.id)
            return await line_at(tx, recording, shown)
        case "swap":
            return await what_is_wrong(tx, recording)
    turns = await turns_of(tx, recording.id)
    if not turns:
        return Plain("recording_gone")
    read = await calls.read(recording, turns, heard.speaker.zone)
    read = replace(read, mood=await mood_of(tx, recording.id, recording.customer_speaker))
    if question.topic in ("angriest", "strongest"):
        at = angriest_of(read) if question.topic == "angriest" else telling_of(read)
        return TellOfCall(read, "mood") if at is None else await play(tx, heard, {**data, "start": at})
    return TellOfCall(read, question.topic)


def angriest_of(read: CallRead) -> float | None:
    """From which second to play what the customer said most angrily; None where no anger was heard."""
    angry = [one for one in (read.mood.mood.peaks if read.mood else ()) if one.emotion == "angry"]
    top = max(angry, key=lambda one: one.strength, default=None)
    return None if top is None else max(0.0, top.at - SECONDS / 2)


def telling_of(read: CallRead) -> float | None:
    """From which second to play what tells most: anger, else a signal, else what was shown most surely."""
    if (angry := angriest_of(read)) is not None:
        return angry
    quotes = [one.quote for one in read.signals] or [one.quote for one in (read.strongest, *read.report.moments) if one]
    return quotes[0].start if quotes else None


async def answers_basis(tx: Tx, heard: Heard, text: str) -> list[Step]:
    """The basis for a recording whose question stands here, typed and not pressed; nothing where that is not what it is."""
    named = basis_in(text)
    newest = await _newest(tx, heard) if named else None
    if named is None or newest is None:
        return []
    basis, is_for_all = named
    where = {"conversation": heard.message.address.key, "state": "awaiting_basis", "by_id": heard.speaker.person_id}
    found = await own.find(tx, "recording", where=where, order=("created_at", "id"))
    waiting = [one for one in found if isinstance(one, Recording) and one.created_at > heard.now - _JUST_ASKED]
    if newest not in [one.id for one in waiting]:
        return []
    if len(waiting) > 1 and not is_for_all:
        return [Plain("several_need_basis", {"count": len(waiting)})]
    why = Basis(text=text, confidence=1.0, message=heard.message.key)
    return [Do(RecordBasis(one.id, basis), why, f"{heard.message.key}:{one.id}") for one in waiting]


async def goes_on_listening(tx: Tx, heard: Heard, text: str) -> Do | None:
    """ "Go on", said to a recording that was stopped here and whose card is the newest."""
    newest = await _newest(tx, heard) if goes_on(text) else None
    recording = await own.get(tx, "recording", newest) if newest else None
    if not isinstance(recording, Recording) or recording.state not in ("cancelled", "failed"):
        return None
    return Do(ListenAgain(recording.id), Basis(text=text, confidence=1.0, message=heard.message.key), heard.message.key)


async def _not_with_them(tx: Tx, heard: Heard, text: str) -> Do | None:
    """ "Not this customer", said to the recording that the newest card is about."""
    newest = await _newest(tx, heard) if is_with_another(text) else None
    recording = await own.get(tx, "recording", newest) if newest else None
    if not isinstance(recording, Recording) or recording.customer_id is None:
        return None
    command = NotWithCustomer(recording.id, recording.customer_id)
    return Do(command, Basis(text=text, confidence=1.0, message=heard.message.key), heard.message.key)


def only_sends_along(kept: tuple[Step, ...], step: Step, understanding: Understanding) -> bool:
    """Whether the words beside a recording ask for nothing that its own card does not bring."""
    brings = any(_takes(one) for one in kept)
    is_read_so = understanding.intent in (_ASKS_FOR_RECORDING, OUT_OF_SCOPE)
    return brings and (isinstance(step, AskWhich) or (isinstance(step, Tell) and is_read_so))


async def with_whom_beside(tx: Tx, heard: Heard, kept: tuple[Step, ...], understanding: Understanding) -> tuple[Step, ...]:
    """The recordings that came with these words, put with the one customer whom the words name, and not with whoever was
    spoken of before."""
    company = _company(understanding)
    if company is None or not any(_takes(one) for one in kept):
        return kept
    found = await own.find(tx, "customer", where={"name": company}, limit=2)
    named = [one for one in found if isinstance(one, Customer) and may_see(heard.speaker, one.owner_id, one.id)]
    return tuple(_put_with(one, named[0].id) for one in kept) if len(named) == 1 else kept


def _takes(step: Step) -> bool:
    return isinstance(step, Do) and isinstance(step.command, TakeRecording)


def _put_with(step: Step, customer_id: str) -> Step:
    if not isinstance(step, Do) or not isinstance(step.command, TakeRecording):
        return step
    command = step.command
    if command.is_message or command.is_by_number or command.customer_id == customer_id:
        return step
    return replace(step, command=replace(command, customer_id=customer_id, deal_id=None))


# --- which recording ----------------------------------------------------------------------------------------------------


async def _subject(tx: Tx, heard: Heard, question: CallQuestion, understanding: Understanding) -> Recording | None:
    """The recording that is meant, if this person may read it here."""
    found: list[str] = []
    if question.names_a_call and (company := _company(understanding)) is not None:
        customers = await own.find(tx, "customer", where={"name": company}, limit=1)
        where = {"customer_id": [one.id for one in customers], "is_message": False}
        calls = await own.find(tx, "recording", where=where, order=("-created_at",), limit=_MOST_CALLS) if customers else []
        found = [one.id for one in calls]
    elif question.topic == "grounds":
        found = await _reported(tx, heard)
    elif (newest := await _newest(tx, heard)) is not None:
        found = [newest]
    elif question.names_a_call:
        found = [*await _shown_here(tx, heard, _IS_SUBJECT_FOR), *await _sent_last(tx, heard)]
    elif question.topic in _OF_WHAT_WAS_SAID:
        found = await _shown_here(tx, heard, _STAYS_SUBJECT_FOR)
    read = [one for name in dict.fromkeys(found) if (one := await _told(tx, name, heard)) is not None]
    if question.topic != "delete" and read and read[0].state in ("awaiting_basis", "failed"):
        # nothing is known of it: what can be asked about is the call before
        before = [await _told(tx, name, heard) for name in await _shown_here(tx, heard, _IS_SUBJECT_FOR)]
        read = [*(one for one in before if one is not None and one.state == "done"), *read]
    return read[0] if read else None


async def _told(tx: Tx, recording_id: str, heard: Heard) -> Recording | None:
    """The recording, where this person may read it; in a group only what was sent there, as others read along."""
    recording = await own.get(tx, "recording", recording_id)
    if not isinstance(recording, Recording) or not await may_read(tx, recording, heard.speaker):
        return None
    is_elsewhere = heard.message.in_group and recording.conversation != heard.message.address.key
    return None if is_elsewhere else recording


def _company(understanding: Understanding) -> str | None:
    return next((str(slot.value) for slot in understanding.slots if slot.type == "company"), None)


async def _buttons(tx: Tx, heard: Heard, within: timedelta = _IS_SUBJECT_FOR) -> list[Any]:
    """The buttons made here since then, those of the newest card first."""
    here = ButtonRow.conversation == heard.message.address.key
    newest = (
        select(ButtonRow.created_at, ButtonRow.action, ButtonRow.data)
        .where(here, ButtonRow.created_at >= heard.now - within)
        .order_by(ButtonRow.created_at.desc(), ButtonRow.card_key.desc(), ButtonRow.position)
    )
    return list((await tx.execute(newest.limit(_LOOKED_AT))).all())


async def _newest(tx: Tx, heard: Heard) -> str | None:
    """The recording that the newest card here is about."""
    return next((one for row in await _newest_card(tx, heard) if (one := recording_in(row.data)) is not None), None)


async def _reported(tx: Tx, heard: Heard) -> list[str]:
    """The recording whose report, or an answer out of it, is the newest card: "why?" under a deed asks for its reasons."""
    on_it = await _newest_card(tx, heard)
    is_told = any(row.action == "transcript" for row in on_it) and all(row.action != "why" for row in on_it)
    return [one for row in on_it if is_told and (one := recording_in(row.data)) is not None]


async def _newest_card(tx: Tx, heard: Heard) -> list[Any]:
    """The buttons of the newest card, leaving out those that only take back what was done with a call."""
    rows = await _buttons(tx, heard)
    for moment in dict.fromkeys(row.created_at for row in rows):  # what came at once was seen at once
        card = [row for row in rows if row.created_at == moment]
        if not await _undoes_on_a_call(tx, card):
            return card
    return []


async def _undoes_on_a_call(tx: Tx, card: list[Any]) -> bool:
    deeds = [str(row.data.get("deed")) for row in card if row.action == "undo"]
    if not deeds or any(row.action not in ("undo", "why", "correct") for row in card):
        return False
    done = select(DeedRow.key).where(DeedRow.key.in_(deeds), DeedRow.command.in_(_ON_CALLS))
    return (await tx.execute(done.limit(1))).first() is not None


async def _shown_here(tx: Tx, heard: Heard, within: timedelta) -> list[str]:
    return [one for row in await _buttons(tx, heard, within) if (one := recording_in(row.data)) is not None]


async def _sent_last(tx: Tx, heard: Heard) -> list[str]:
    where = {"by_id": heard.speaker.person_id, "is_message": False}
    found = await own.find(tx, "recording", where=where, order=("-created_at",), limit=1)
    return [one.id for one in found if isinstance(one, Recording) and one.created_at > heard.now - _IS_SUBJECT_FOR]


def recording_in(data: Mapping[str, Any]) -> str | None:
    """The recording that a button is about."""
    if "recording" in data:
        return str(data["recording"])
    command = data.get("command")
    found = command["args"].get("recording_id") if isinstance(command, Mapping) else None
    return str(found) if found else None


async def _second_shown(tx: Tx, heard: Heard, recording_id: str) -> float | None:
    """The second of the one line that the newest card shows: a part that was played, or a line to be put right."""
    for row in await _newest_card(tx, heard):
        if row.action == "corrects" and recording_in(row.data) == recording_id:
            return float(row.data["at"])
        command = row.data.get("command")
        if command is not None and command["name"] == ShareClip.name and recording_in(row.data) == recording_id:
            return float(command["args"]["start"]) + SECONDS / 2
    return None
