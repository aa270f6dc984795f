"""The only door out: what was decided is done once, with its record, or leaves a trace and changes nothing.

Everything of one deed (claim, changes, notices, timers, the entries of the record) is one transaction. A proposal that
needs a person is parked as a row; the card that asks is only a view of it.

Every function takes an open transaction as `tx`: then the deed becomes part of it, and a deed that fails leaves the rest
of it untouched. Broken is an outcome (`failed`), not an exception, unless the store itself cannot be written.
"""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import structlog
from sqlalchemy import RowMapping, select, update

from actions import audit, decide
from actions.apply_effects import Stale, apply_effects
from actions.audit import Entry
from actions.commands.undo import Undo
from actions.crm import own
from actions.crm.records import Speaker
from actions.deed import Deed, claim, do, entries, opening, ref, was_done, with_fresh_plan, within
from actions.draft import is_still
from actions.outside.store import Tx
from actions.outside.tables import DeedRow, ProposalRow
from actions.parked import expiry_timer, park, parked, settle, settled_before
from actions.proposal import Decision, Json, Outcome, Proposal, Reason, Schedule
from actions.proposal_json import decision_from_json, proposal_from_json
from actions.undoing import check_unchanged, undoing
from actions.world import World

_log = structlog.get_logger(__name__)
_Failure = Literal["stale", "failed"]


# --- doing --------------------------------------------------------------------------------------------------------------


async def carry_out(
    world: World,
    proposal: Proposal,
    decision: Decision,
    *,
    conversation: str,
    decided_by: Speaker | None = None,
    tx: Tx | None = None,
    address: Mapping[str, Json] | None = None,
    lang: str | None = None,
) -> Outcome:
    """Do what was decided: run it, park it for a person, or record the refusal.

    `conversation` is where it was asked for; `last_deed` looks there. `address` and `lang` are where and how the
    requester hears about a parked proposal.
    """
    files: list[Path] = []
    try:
        async with within(world, tx) as inner:
            if proposal.plan.problem is not None and await was_done(inner, proposal):
                return Outcome("already", proposal, decision, deed=proposal.id)
            if decision.verdict == "refuse" or proposal.plan.problem is not None:
                return await _refuse(world, inner, proposal, decision)
            if decision.verdict == "confirm" and not (decided_by and decide.may_confirm(proposal, decision, decided_by)):
                return await _wait(world, inner, proposal, decision, address, lang or proposal.requester.lang)
            return await do(
                world,
                inner,
                proposal,
                decision,
                conversation=conversation,
                decided_by=decided_by,
                opening=opening(proposal, decision),
                files=files,
            )
    except Exception as error:
        kind = _failure(error, files, proposal=proposal.id, command=proposal.command.name)
    return await _not_done(world, tx, proposal, decision, kind)


def timers(outcome: Outcome) -> tuple[str, ...]:
    """The timers that this outcome has set; the clockwork is told of them once the transaction has ended."""
    if outcome.kind == "waiting":
        return (expiry_timer(outcome.proposal.id),)
    if outcome.kind == "done":
        return tuple(effect.key for effect in outcome.proposal.plan.effects if isinstance(effect, Schedule))
    return ()


async def _refuse(world: World, tx: Tx, proposal: Proposal, decision: Decision) -> Outcome:
    # someone who may not touch a record is told so, not what is wrong with it
    is_forbidden = any(reason.verdict == "refuse" and reason.rule != "problem" for reason in decision.reasons)
    kind: Literal["refused", "impossible"] = "impossible" if proposal.plan.problem and not is_forbidden else "refused"
    trace = Entry("refusal", proposal.requester.person_id, ref(proposal.id), {"kind": kind})
    await audit.append(tx, world.now(), *opening(proposal, decision), trace)
    return Outcome(kind, proposal, decision, data=dict(proposal.plan.data) if kind == "impossible" else {})


async def _wait(
    world: World, tx: Tx, proposal: Proposal, decision: Decision, address: Mapping[str, Json] | None, lang: str
) -> Outcome:
    await park(tx, proposal, decision, address, lang, world.now())
    kept = await parked(tx, proposal.id)
    assert kept is not None  # parked a line ago
    if kept["state"] != "pending":
        return settled_before(kept)
    return Outcome("waiting", proposal, decision, data={"expires_at": own.json_value(kept["expires_at"])})


async def _not_done(world: World, tx: Tx | None, proposal: Proposal, decision: Decision, kind: _Failure) -> Outcome:
    """The deed was rolled back: record that, and for a stale one show what it would be now."""
    try:
        async with within(world, tx) as inner:
            trace = Entry("deed_failed", proposal.requester.person_id, ref(proposal.id), {"kind": kind})
            await audit.append(inner, world.now(), *opening(proposal, decision), trace)
            shown = await with_fresh_plan(inner, proposal, world.now()) if kind == "stale" else proposal
    except Exception as error:  # the store itself is broken: the person still gets an honest answer
        _log.error("record_failed", proposal=proposal.id, error=type(error).__name__)
        shown = proposal
    return Outcome(kind, shown, decision)


# --- a person's answer --------------------------------------------------------------------------------------------------


async def confirm(
    world: World,
    proposal_id: str,
    digest: str,
    person: Speaker,
    yes: bool,
    conversation: str,
    tx: Tx | None = None,
    note: str | None = None,
) -> Outcome | None:
    """A person's yes or no to a parked proposal; None if there is no such proposal.

    `note` is why, in their words: what a breaker stopped goes on only with one.

    The first valid answer counts; later ones learn what it was (`already`, `expired`). A yes binds to the exact
    arguments through `digest`, and applies only while the plan made from fresh records is the one that was shown. The
    requester may always withdraw.
    """
    files: list[Path] = []
    try:
        async with within(world, tx) as inner:
            row = await parked(inner, proposal_id)
            if row is None:
                return None
            answer = _Answer(world, inner, row, person, conversation, note)
            return await (answer.yes(digest, files) if yes else answer.no(digest))
    except Exception as error:
        kind = _failure(error, files, proposal=proposal_id)
    return await _confirmed_in_vain(world, tx, proposal_id, person, kind)


async def expire(world: World, proposal_id: str, tx: Tx | None = None) -> Outcome | None:
    """End a parked proposal whose time has run out; None if it was answered, or has time left."""
    now = world.now()
    async with within(world, tx) as inner:
        row = await parked(inner, proposal_id)
        if row is None or row["expires_at"] is None or row["expires_at"] > now:
            return None
        if not await settle(inner, proposal_id, "expired", None, now):
            return None
        await audit.append(inner, now, _ran_out(proposal_id))
    return Outcome("expired", proposal_from_json(row["proposal"]), decision_from_json(row["decision"]))


class _Answer:
    """One person's answer to one parked proposal, inside its transaction."""

    def __init__(
        self, world: World, tx: Tx, row: RowMapping, person: Speaker, conversation: str, note: str | None = None
    ) -> None:
        self.world, self.tx, self.row, self.person, self.conversation = world, tx, row, person, conversation
        self.note = note
        self.now = world.now()
        self.proposal = proposal_from_json(row["proposal"])
        self.decision = decision_from_json(row["decision"])
        self.ref = ref(row["id"])

    async def yes(self, digest: str, files: list[Path]) -> Outcome:
        is_allowed = decide.may_confirm(self.proposal, self.decision, self.person)
        if before := await self._cannot_count(digest, is_allowed=is_allowed):
            return before
        if (stop := next(iter(decide.stopped_by(self.decision)), None)) is not None and not self.note:
            return await self._turned_away("reason_needed", firing=stop.data.get("firing"))
        if not await self._settle("done"):
            return await self._too_late()
        fresh = await with_fresh_plan(self.tx, self.proposal, self.now)
        if not is_still(self.proposal, fresh) or decide.ownership(fresh) is not None:
            return await self._turned_stale(fresh)
        return await do(
            self.world,
            self.tx,
            fresh,
            self.decision,
            conversation=self._asked_in(),
            decided_by=self.person,
            opening=(self._said(yes=True),),
            files=files,
        )

    async def no(self, digest: str) -> Outcome:
        person_id = self.person.person_id
        is_withdrawn = person_id is not None and person_id == self.proposal.requester.person_id
        is_allowed = is_withdrawn or decide.may_confirm(self.proposal, self.decision, self.person)
        if before := await self._cannot_count(digest, is_allowed=is_allowed):
            return before
        if not await self._settle("rejected"):
            return await self._too_late()
        await audit.append(self.tx, self.now, self._said(yes=False))
        data = {"is_withdrawn": is_withdrawn}
        return Outcome("rejected", self.proposal, self.decision, decided_by=person_id, data=data)

    async def _cannot_count(self, digest: str, *, is_allowed: bool) -> Outcome | None:
        """Why this answer changes nothing, or None if it counts."""
        if digest != self.row["digest"]:
            return await self._turned_away("wrong_digest")
        if self.row["state"] != "pending":
            return settled_before(self.row)
        if self.row["expires_at"] is not None and self.row["expires_at"] <= self.now:
            if not await self._settle("expired"):
                return await self._too_late()
            await audit.append(self.tx, self.now, _ran_out(self.row["id"]))
            return Outcome("expired", self.proposal, self.decision)
        return None if is_allowed else await self._turned_away("may_not_confirm")

    async def _turned_away(self, rule: str, **told: Json) -> Outcome:
        await audit.append(self.tx, self.now, Entry("refusal", self.person.person_id, self.ref, {"kind": rule}))
        reason = Reason(rule, "refuse", {"roles": sorted(self.decision.confirmers.roles), **told})
        refusal = replace(self.decision, verdict="refuse", reasons=(reason,))
        return Outcome("refused", self.proposal, refusal, data={"reason": rule})

    async def _turned_stale(self, fresh: Proposal) -> Outcome:
        ended = update(ProposalRow).where(ProposalRow.id == self.proposal.id).values(state="stale")
        await self.tx.execute(ended)
        trace = Entry("deed_failed", self.person.person_id, self.ref, {"kind": "stale"})
        await audit.append(self.tx, self.now, self._said(yes=True), trace)
        return Outcome("stale", fresh, self.decision, decided_by=self.person.person_id)

    async def _settle(self, state: str) -> bool:
        by = None if state == "expired" else self.person.person_id
        return await settle(self.tx, self.row["id"], state, by, self.now)

    async def _too_late(self) -> Outcome:
        row = await parked(self.tx, self.row["id"])
        assert row is not None  # proposals are never deleted
        return settled_before(row)

    def _said(self, *, yes: bool) -> Entry:
        said: dict[str, Json] = {"yes": yes, "digest": self.row["digest"]}
        return Entry("confirmation", self.person.person_id, self.ref, {**said, "note": self.note} if self.note else said)

    def _asked_in(self) -> str:
        """The requester's conversation: there they will say "undo"."""
        address = self.row["address"] or {}
        parts = (address.get(part) for part in ("channel", "conversation", "thread"))
        return ":".join(part for part in parts if part) or self.conversation


async def _confirmed_in_vain(
    world: World, tx: Tx | None, proposal_id: str, person: Speaker, kind: _Failure
) -> Outcome | None:
    """The yes was valid and the deed was rolled back: the proposal ends, and nobody's yes lingers."""
    now = world.now()
    async with within(world, tx) as inner:
        row = await parked(inner, proposal_id)
        if row is None:
            return None
        if not await settle(inner, proposal_id, kind, person.person_id, now):
            return settled_before(row)
        await audit.append(inner, now, Entry("deed_failed", person.person_id, ref(proposal_id), {"kind": kind}))
        proposal = proposal_from_json(row["proposal"])
        shown = await with_fresh_plan(inner, proposal, now) if kind == "stale" else proposal
    return Outcome(kind, shown, decision_from_json(row["decision"]), decided_by=person.person_id)


# --- taking back --------------------------------------------------------------------------------------------------------


async def last_deed(tx: Tx, person_id: str | None, conversation: str) -> str | None:
    """The key of the latest deed of this person in this conversation that has not been taken back."""
    if person_id is None:
        return None
    query = (
        select(DeedRow.key)
        .where(DeedRow.by_id == person_id, DeedRow.conversation == conversation)
        .where(DeedRow.undone_at.is_(None), DeedRow.command != Undo.name)
        .order_by(DeedRow.at.desc(), DeedRow.key)
        .limit(1)
    )
    return (await tx.execute(query)).scalar_one_or_none()


async def undo(world: World, deed_key: str, person: Speaker, conversation: str, tx: Tx | None = None) -> Outcome:
    """Take back a deed, once, within UNDO_WITHIN. LookupError if there is no such deed.

    `impossible` with problem `no_inverse` or `too_late`, `stale` where the records have moved on since, `refused` where
    this person could not touch them, `already` if it was taken back before.
    """
    async with within(world, tx) as inner:
        deed = (await inner.execute(select(DeedRow.__table__).where(DeedRow.key == deed_key))).mappings().first()
        if deed is None:
            raise LookupError("there is no such deed")
        proposal = await undoing(inner, deed, person, world.now())
    decision = Decision("run", ())
    try:
        async with within(world, tx) as inner:
            return await _undo(world, inner, deed, proposal, conversation)
    except Exception as error:
        kind = _failure(error, [], deed=deed_key)
    return await _not_done(world, tx, proposal, decision, kind)


async def _undo(world: World, tx: Tx, deed: RowMapping, proposal: Proposal, conversation: str) -> Outcome:
    now, effects = world.now(), proposal.plan.effects
    if deed["undone_at"] is None and (cannot := await _cannot_undo(world, tx, deed, proposal)):
        return cannot
    decision = Decision("run", ())
    first = update(DeedRow).where(DeedRow.key == deed["key"], DeedRow.undone_at.is_(None)).values(undone_at=now)
    if (await tx.execute(first)).rowcount != 1:
        return Outcome("already", proposal, decision, deed=deed["key"], data={"state": "undone"})
    await check_unchanged(tx, deed, effects)
    by = proposal.requester.person_id
    taken_back = Deed(proposal.id, deed["proposal_id"], Undo.name, by, conversation)
    await claim(tx, taken_back, effects, None, now)
    await apply_effects(world, tx, effects, taken_back.key, [])
    begun = Entry("undo", by, ref(deed["proposal_id"]), {"deed": deed["key"], "command": deed["command"]})
    await audit.append(tx, now, begun, *entries(taken_back, effects, None))
    return Outcome("done", proposal, decision, deed=taken_back.key, data=dict(proposal.plan.data))


async def _cannot_undo(world: World, tx: Tx, deed: RowMapping, proposal: Proposal) -> Outcome | None:
    refusal = decide.role(proposal) or decide.ownership(proposal)
    if refusal is None and proposal.plan.problem is None:
        return None
    kind: Literal["refused", "impossible"] = "refused" if refusal else "impossible"
    trace = Entry("refusal", proposal.requester.person_id, ref(deed["proposal_id"]), {"kind": "undo"})
    await audit.append(tx, world.now(), trace)
    decision = Decision("refuse", (refusal,) if refusal else ())
    return Outcome(kind, proposal, decision, deed=deed["key"], data=dict(proposal.plan.data))


# --- shared by the above ------------------------------------------------------------------------------------------------


def _failure(error: Exception, files: list[Path], **about: str) -> _Failure:
    """What kind of failure it was, with a log line for a broken one; files of the deed that did not happen go."""
    for file in files:
        if file.is_dir():
            shutil.rmtree(file, ignore_errors=True)
        else:
            file.unlink(missing_ok=True)
    if isinstance(error, Stale):
        return "stale"
    # only the type: the text of a database error quotes the values, which are personal
    _log.error("deed_failed", error=type(error).__name__, **about)
    return "failed"


def _ran_out(proposal_id: str) -> Entry:
    return Entry("timer", None, ref(proposal_id), {"kind": "proposal_expires"})
