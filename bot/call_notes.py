"""From a press under a call's report to what would be written down of it; where nobody knows with whom it was, it asks."""

from collections.abc import Mapping
from typing import Any

from actions.commands.calls import call_activity
from actions.commands.planning import about_customer
from actions.commands.stops import may_rule
from actions.crm import own
from actions.crm.records import Customer, Recording, Signal, Speaker
from actions.outside.store import Tx
from actions.rows import may_see
from bot import buttons
from bot.call_reading import CallRead, CallReader
from bot.kept_recordings import may_read, turns_of
from bot.phrase_calls import plain_summary
from bot.steps import AskCallCustomer, Heard, Plain, ShowCallNote, ShowSummary, Step
from bot.wording.fill import Voice
from intents.understanding import Understanding

_MOST_ASKED = 5


async def note_on_call(tx: Tx, heard: Heard, data: Mapping[str, Any], calls: CallReader) -> Step:
    """What would be written down of this recording, for whoever may read it; `data` may name the customer and what is left
    out of it."""
    recording = await own.get(tx, "recording", str(data["recording"]))
    if not isinstance(recording, Recording) or not await may_read(tx, recording, heard.speaker):
        return Plain("recording_gone")
    if await own.get(tx, "activity", call_activity(recording.id)) is not None:
        return Plain("call_written")
    turns = await turns_of(tx, recording.id)
    if not turns or recording.state == "deleted":
        return Plain("recording_gone")
    read = await calls.read(recording, turns, heard.speaker.zone)
    customer = await _customer(tx, heard, recording.customer_id or data.get("customer"))
    if customer is None:
        return AskCallCustomer(recording, await _candidates(tx, heard, read.companies))
    standing = await signals_over(tx, read, customer, heard.speaker)
    return ShowCallNote(read, customer, heard.speaker, heard.now, tuple(data.get("without", ())), standing)


async def summary_of_call(tx: Tx, heard: Heard, data: Mapping[str, Any], calls: CallReader) -> Step:
    """The call in a few sentences, for whoever may read it."""
    recording = await own.get(tx, "recording", str(data["recording"]))
    if not isinstance(recording, Recording) or not await may_read(tx, recording, heard.speaker):
        return Plain("recording_gone")
    turns = await turns_of(tx, recording.id)
    if not turns or recording.state == "deleted":
        return Plain("recording_gone")
    read = await calls.read(recording, turns, heard.speaker.zone)
    customer = await _customer(tx, heard, recording.customer_id)
    return ShowSummary(read, plain_summary(read, customer, Voice(heard.lang, heard.speaker.zone, heard.now)), heard.lang)


async def says_with_whom(tx: Tx, heard: Heard, understanding: Understanding, calls: CallReader) -> Step | None:
    """A company's name alone, in answer to the question with whom a call was."""
    button = await buttons.latest(tx, heard.message.address.key, "call_note")
    if button is None or "without" in button.data:
        return None
    recording = await own.get(tx, "recording", str(button.data["recording"]))
    companies = [slot for slot in understanding.slots if slot.type == "company"]
    if not isinstance(recording, Recording) or recording.customer_id is not None or len(companies) != 1:
        return None
    if companies[0].text.strip().casefold() != understanding.text.strip(" 。.").casefold():
        return None
    named = await _named(tx, heard, (str(companies[0].value),))
    if not named:
        return None
    return await note_on_call(tx, heard, {"recording": recording.id, "customer": named[0].id}, calls)


async def signals_over(tx: Tx, read: CallRead, customer: Customer, speaker: Speaker) -> tuple[Signal, ...]:
    """The open signals of this customer, from before the call, that it says are over and this speaker may end."""
    over = {one.kind: one for one in read.over}
    where = {"customer_id": customer.id, "state": "open", "kind": list(over)}
    found = await own.find(tx, "signal", where=where, order=("at", "id")) if over else []
    return tuple(
        one
        for one in found
        if isinstance(one, Signal)
        and one.source_id != read.recording.id
        and one.at <= read.recording.created_at
        and (over[one.kind].by_anyone or may_rule(one.roles, about_customer(customer), speaker))
    )


async def _customer(tx: Tx, heard: Heard, customer_id: Any) -> Customer | None:
    """The customer, where this speaker may see them."""
    customer = await own.get(tx, "customer", str(customer_id)) if customer_id else None
    is_theirs = isinstance(customer, Customer) and may_see(heard.speaker, customer.owner_id, customer.id)
    return customer if is_theirs and isinstance(customer, Customer) else None


async def _candidates(tx: Tx, heard: Heard, companies: tuple[str, ...]) -> tuple[Customer, ...]:
    """Whom it can have been with: who is named in the call, whom the conversation is about, then the speaker's own."""
    spoken_of = await _customer(tx, heard, heard.thread.customer_id)
    where = {"owner_id": heard.speaker.person_id}
    theirs = await own.find(tx, "customer", where=where, order=("-created_at", "id"), limit=_MOST_ASKED)
    found = [
        *await _named(tx, heard, companies),
        *([spoken_of] if spoken_of else []),
        *(one for one in theirs if isinstance(one, Customer)),
    ]
    return tuple({one.id: one for one in found}.values())[:_MOST_ASKED]


async def _named(tx: Tx, heard: Heard, names: tuple[str, ...]) -> list[Customer]:
    found = await own.find(tx, "customer", where={"name": list(names)}, limit=_MOST_ASKED) if names else []
    return [one for one in found if isinstance(one, Customer) and may_see(heard.speaker, one.owner_id, one.id)]
