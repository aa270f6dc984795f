"""What waits for a yes and rests on a call, judged again once the call was put right: withdrawn, asked anew, or left.

It rests on a call where it came from the call itself: a next step from the customer's strongest moment, the note of it, a
part of it passed on. What somebody asked in words of their own stays as they asked it; where a signal of the call stopped
it, those concerned are told by the correction itself (actions/commands/corrections.py). Calls that were sent to a desk are
weighed again in bot/dispatching.py.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, or_, select

from actions import audit
from actions.commands.calls import WriteCall
from actions.commands.clips import ShareClip
from actions.commands.roster import command_from_json, command_to_json
from actions.crm import own
from actions.crm.call_file import corrections_of, heard_turns, right
from actions.crm.records import Customer, Recording, Speaker
from actions.draft import draft
from actions.outside.store import Store, Tx
from actions.outside.tables import ButtonRow, ProposalRow
from actions.proposal import Basis, Command, Proposal
from actions.proposal_json import proposal_from_json
from bot.call_notes import signals_over
from bot.call_reading import CallRead, CallReader
from bot.judge import Judge
from bot.message import address_from_json
from bot.phrase_calls import call_note, reported
from bot.phrase_clips import said_in
from bot.playing import within
from bot.standing import waiting_of
from bot.steps import ShowCallNote
from bot.wording.fill import Voice
from voice.report import Moment
from voice.transcript import Turn

_FIGURE = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class _Call:
    """A call as it stands now. `read` is it as it is read in a zone, `then` as it stood when something was asked."""

    recording: Recording
    turns: tuple[Turn, ...]
    read: CallRead
    then: CallRead


@dataclass(frozen=True)
class _Again:
    """What is asked on the evidence as it is now, in place of what was asked."""

    command: Command
    basis: Basis


_Judged = _Again | None
"""None: it does not follow from the evidence any more."""


class AskedOnCalls:
    """Judges again what rests on a call; asked twice for the same, it does nothing the second time."""

    def __init__(self, store: Store, calls: CallReader, judge: Judge, now: Callable[[], datetime]) -> None:
        self._store = store
        self._calls = calls
        self._judge = judge
        self._now = now

    async def judge_again(self, recording_id: str) -> None:
        """Look at all that rests on this call. Long calls are read before anything is locked."""
        async with self._store.read() as tx:
            rows = await self._resting_on(tx, recording_id)
            recording = await own.get(tx, "recording", recording_id)
        if not isinstance(recording, Recording) or recording.state != "done":
            return
        for row in rows:
            call = await self._call(recording, row)
            async with self._store.write() as tx:
                await audit.lock(tx)
                await self._judge_one(tx, row["id"], call)

    async def _call(self, recording: Recording, row: RowMapping) -> _Call:
        async with self._store.read() as tx:
            heard, corrections = await heard_turns(tx, recording.id), await corrections_of(tx, recording.id)
        zone = proposal_from_json(row["proposal"]).requester.zone
        turns = right(heard, corrections)
        then = right(heard, tuple(one for one in corrections if one.at <= row["created_at"]))
        read = await self._calls.read(recording, turns, zone)
        return _Call(recording, turns, read, await self._calls.read(recording, then, zone))

    # --- which ----------------------------------------------------------------------------------------------------------

    async def _resting_on(self, tx: Tx, recording_id: str) -> list[RowMapping]:
        """What waits, and what was withdrawn while it could still have been answered."""
        is_open = (
            or_(
                ProposalRow.state == "pending",
                (ProposalRow.state == "withdrawn") & ProposalRow.superseded_by.is_(None),
            ),
            or_(ProposalRow.expires_at.is_(None), ProposalRow.expires_at > self._now()),
        )
        found = (await tx.execute(select(ProposalRow.__table__).where(*is_open).order_by(ProposalRow.created_at))).mappings()
        resting = []
        for row in found.all():
            command = proposal_from_json(row["proposal"]).command
            is_of_it = isinstance(command, WriteCall | ShareClip) and command.recording_id == recording_id
            if is_of_it or await _moment_behind(tx, row, recording_id) is not None:
                resting.append(row)
        return resting

    # --- one of them ----------------------------------------------------------------------------------------------------

    async def _judge_one(self, tx: Tx, proposal_id: str, call: _Call) -> None:
        row = (
            (await tx.execute(select(ProposalRow.__table__).where(ProposalRow.id == proposal_id).with_for_update()))
            .mappings()
            .one()
        )
        if row["state"] not in ("pending", "withdrawn") or row["superseded_by"] is not None:
            return  # somebody was quicker
        waiting = await waiting_of(tx, row)
        proposal = waiting.proposal
        judged = await self._judged(tx, row, proposal, call)
        why = {"because": "evidence", "recording": call.recording.id}
        if judged is None:
            await self._judge.withdraw(tx, proposal.id, why)
        elif row["state"] == "withdrawn" or (judged.command, judged.basis) != (proposal.command, proposal.basis):
            facts = await own.get_many(tx, judged.command.reads)
            basis = replace(judged.basis, facts=(), sources=())  # they told of the record as it was
            cause = f"{proposal.id}:evidence"
            again = draft(judged.command, facts, proposal.requester, basis, cause, self._now())
            await self._judge.renew(tx, waiting, again, why)

    async def _judged(self, tx: Tx, row: RowMapping, proposal: Proposal, call: _Call) -> _Judged:
        command, basis = proposal.command, proposal.basis
        if isinstance(command, WriteCall):
            note = await self._note(tx, command, proposal.requester, row["lang"], call)
            return _Again(note, basis) if note is not None else None
        if isinstance(command, ShareClip):
            before, now = (said_in(within(command.part, one)) for one in (call.then.transcript.turns, call.turns))
            return _Again(replace(command, why=now) if command.why == before else command, basis)
        behind = await _moment_behind(tx, row, call.recording.id)
        assert behind is not None  # else it was not looked at
        customer = await own.get(tx, "customer", call.recording.customer_id) if call.recording.customer_id else None
        moment = _moment(call.read, str(behind["intent"]), float(behind["at"]))
        if moment is None or not isinstance(customer, Customer):
            return None
        text = reported(moment, customer, Voice("en" if row["lang"] == "en" else "zh", proposal.requester.zone))
        if text == basis.text:
            return _Again(command, basis)
        if not _figures(command) & _figures_in(basis.text) <= _figures_in(text):
            return None  # it was asked for a figure that nobody has named
        evidence = moment.quote.text if basis.evidence else ""
        return _Again(_with_words(command, basis.text, text), replace(basis, text=text, evidence=evidence))

    async def _note(self, tx: Tx, asked: WriteCall, requester: Speaker, lang: str, call: _Call) -> WriteCall | None:
        """The note as it would be now, without what whoever asked for it had left out of it."""
        customer = await own.get(tx, "customer", asked.customer_id)
        if not isinstance(customer, Customer):
            return None
        voice = Voice("en" if lang == "en" else "zh", requester.zone)

        async def whole(read: CallRead) -> WriteCall:
            standing = await signals_over(tx, read, customer, requester)
            return call_note(ShowCallNote(read, customer, requester, call.recording.created_at, (), standing), voice)

        then, now = await whole(call.then), await whole(call.read)
        signals, lifts = ({one.kind for one in asked.signals}, {one.signal_id for one in asked.lifts})
        promises = {one.text for one in asked.promises}
        no_signals = {one.kind for one in then.signals} - signals
        no_lifts = {one.signal_id for one in then.lifts} - lifts
        no_promises = {one.text for one in then.promises} - promises
        return replace(
            now,
            deal_id=asked.deal_id,
            signals=tuple(one for one in now.signals if one.kind not in no_signals),
            lifts=tuple(one for one in now.lifts if one.signal_id not in no_lifts),
            promises=tuple(one for one in now.promises if one.text not in no_promises),
        )


async def _moment_behind(tx: Tx, row: RowMapping, recording_id: str) -> Mapping[str, Any] | None:
    """The moment of this call that something was asked from: `at`, `intent`; None where it was not asked from this call.

    It came from a next step where the words that it was read from are those which the button under the report has said.
    """
    first = await _asked_first(tx, row)
    if first["address"] is None:
        return None
    said = select(ButtonRow.data).where(
        ButtonRow.conversation == address_from_json(first["address"]).key, ButtonRow.action == "say"
    )
    text = first["proposal"]["basis"]["text"]
    for data in (await tx.execute(said.order_by(ButtonRow.created_at.desc()))).scalars():
        if data.get("recording") == recording_id and data.get("text") == text:
            found: Mapping[str, Any] = data
            return found
    return None


async def _asked_first(tx: Tx, row: RowMapping) -> RowMapping:
    """What was asked before it was asked anew, as often as that was."""
    seen = {row["id"]}
    while True:
        before = select(ProposalRow.__table__).where(ProposalRow.superseded_by == row["id"])
        earlier = (await tx.execute(before)).mappings().first()
        if earlier is None or earlier["id"] in seen:
            return row
        seen.add(earlier["id"])
        row = earlier


def _moment(read: CallRead, intent: str, at: float) -> Moment | None:
    """What the customer shows there still, if it is the same."""
    there: Sequence[Moment] = [one for one in read.report.moments if one.quote.side == "customer" and one.intent == intent]
    return next((one for one in there if one.quote.start <= at < max(one.quote.end, one.quote.start + 1)), None)


def _figures(command: Command) -> frozenset[Decimal]:
    """The numbers that a command would put on record."""
    written = command_to_json(command)["args"].values()
    return frozenset(Decimal(value) for value in map(str, written) if _FIGURE.fullmatch(value))


def _figures_in(text: str) -> frozenset[Decimal]:
    return frozenset(Decimal(one) for one in _FIGURE.findall(text))


def _with_words(command: Command, before: str, now: str) -> Command:
    """The command with the words of the call as they are now, where it holds them."""
    written = command_to_json(command)
    arguments = {name: now if value == before else value for name, value in written["args"].items()}
    return command_from_json({**written, "args": arguments})
