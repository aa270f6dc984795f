"""The only door out: what was decided is done once, with its record, or leaves a trace and changes nothing.

Everything of one deed (claim, changes, notices, timers, the entries of the record) is one transaction. A proposal that
needs a person is parked as a row; the card that asks is only a view of it.

Every function takes an open transaction as `tx`: then the deed becomes part of it, and a deed that fails leaves the rest
of it untouched. Broken is an outcome (`failed`), not an exception, unless the store itself cannot be written.
"""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal

import structlog
from sqlalchemy import RowMapping, select, update

from actions import audit, decide
from actions.answering import Answering, Stopping, nothing_stops, run_out, takes_back
from actions.apply_effects import Stale, apply_effects
from actions.approvers import read_staff, with_stand_ins
from actions.audit import Entry
from actions.commands.undo import Undo
from actions.crm import own
from actions.crm.records import Speaker
from actions.deed import Deed, claim, do, entries, opening, ref, was_done, with_fresh_plan, within
from actions.outside.store import Tx
from actions.outside.tables import DeedRow
from actions.parked import expiry_timer, park, parked, settle, settled_before, supersede
from actions.policy.policy import Policy
from actions.proposal import Decision, Json, Outcome, Proposal, Schedule
from actions.proposal_json import decision_from_json, proposal_from_json
from actions.undoing import check_unchanged, deciding_to_undo, undoing
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
    if outcome.kind in ("waiting", "escalated", "reminded", "partial"):
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
    asked, stand_ins = with_stand_ins(decision, proposal, await read_staff(tx))
    if asked.verdict == "refuse":
        return await _refuse(world, tx, proposal, asked)
    await park(tx, proposal, asked, address, lang, world.now())
    kept = await parked(tx, proposal.id)
    assert kept is not None  # parked a line ago
    if kept["state"] != "pending":
        return settled_before(kept)
    data = {"expires_at": own.json_value(kept["expires_at"]), "stand_ins": [asdict(one) for one in stand_ins]}
    return Outcome("waiting", proposal, asked, data=data)


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
    stopping: Stopping = nothing_stops,
    policy: Policy | None = None,
) -> Outcome | None:
    """A person's yes or no to a parked proposal; None if there is no such proposal.

    `note` is why, in their words: what a breaker stopped goes on only with one. `stopping` asks the breakers again: a stop
    that was not there when it was asked makes the question stale (`data["stopped"]`). So does what `policy`, the one in
    force, now says more severely of what crosses a border (`data["severer"]`, reasons).

    The first answer that ends it counts; later ones learn what it was (`already`, `expired`). A yes binds to the exact
    arguments through `digest`, and applies only while the plan made from fresh records is the one that was shown; where
    others must say yes too it is kept (`partial`). The requester may always withdraw.
    """
    files: list[Path] = []
    try:
        async with within(world, tx) as inner:
            answer = await _answering(world, inner, proposal_id, person, stopping, note, policy)
            if answer is None:
                return None
            return await (_agree(answer, digest, conversation, files) if yes else answer.no(digest))
    except Exception as error:
        kind = _failure(error, files, proposal=proposal_id)
    return await _confirmed_in_vain(world, tx, proposal_id, person, kind)


async def edit(
    world: World,
    proposal_id: str,
    digest: str,
    person: Speaker,
    changes: Mapping[str, Json],
    policy: Policy,
    conversation: str,
    *,
    yes: bool = False,
    tx: Tx | None = None,
    stopping: Stopping = nothing_stops,
) -> Outcome | None:
    """Someone who may confirm changes arguments first; None if there is no such proposal.

    The changed proposal is judged by the policy in force and the breakers, and takes the place of the one that was asked
    (`data["edited"]`); with `yes` their yes to it is given as well, unless the record has changed since it was shown to
    them. What cannot be done as changed leaves the question open (`data["is_open"]`, or a `reason`).
    """
    files: list[Path] = []
    changed: Outcome | None = None
    try:
        async with within(world, tx) as inner:
            answer = await _answering(world, inner, proposal_id, person, stopping)
            if answer is None:
                return None
            is_as_shown = await answer.is_as_shown()
            changed = await answer.edit(digest, changes, policy)
            if not yes or not is_as_shown or "edited" not in changed.data:
                return changed
            agreeing = await _answering(world, inner, changed.proposal.id, person, stopping, policy=policy)
            if agreeing is None or not decide.may_confirm(agreeing.proposal, agreeing.decision, person):
                return changed
            if agreeing.stop_without_reason() is not None:  # it is asked for on the card of what was changed
                return changed
            agreed = await _agree(agreeing, changed.proposal.digest, conversation, files)
            return replace(agreed, data={**agreed.data, **changed.data})
    except Exception as error:
        kind = _failure(error, files, proposal=proposal_id)
    if changed is not None:
        return Outcome(kind, changed.proposal, changed.decision, data={"is_open": True})
    async with within(world, tx) as inner:  # it broke before there was anything changed: what was asked still stands
        row = await parked(inner, proposal_id)
    if row is None:
        return None
    return Outcome(kind, proposal_from_json(row["proposal"]), decision_from_json(row["decision"]), data={"is_open": True})


async def expire(world: World, proposal_id: str, tx: Tx | None = None) -> Outcome | None:
    """What becomes of a parked proposal whose time has run out; None if it was answered, or has time left."""
    async with within(world, tx) as inner:
        row = await parked(inner, proposal_id, to_change=True)
        return None if row is None else await run_out(world, inner, row)


async def withdraw(
    world: World, proposal_id: str, why: Mapping[str, Json], *, tx: Tx | None = None, instead: str | None = None
) -> Outcome | None:
    """End a parked proposal because what it rests on does not hold any more, whoever has said yes; None if it waits no more.

    `why` goes into the record. `instead` names what is asked in its place: no yes to this one counts for that.
    """
    now = world.now()
    async with within(world, tx) as inner:
        row = await parked(inner, proposal_id, to_change=True)
        state = "withdrawn" if instead is None else "superseded"
        if row is None or not await settle(inner, proposal_id, state, None, now):
            return None
        if instead is not None:
            await supersede(inner, proposal_id, instead)
        await audit.append(inner, now, Entry("withdrawal", None, ref(proposal_id), {**why, "state": state, "to": instead}))
        ended = proposal_from_json(row["proposal"]), decision_from_json(row["decision"])
        return Outcome("withdrawn", *ended, data={"decided_at": own.json_value(now)})


async def _answering(
    world: World,
    tx: Tx,
    proposal_id: str,
    person: Speaker,
    stopping: Stopping,
    note: str | None = None,
    policy: Policy | None = None,
) -> Answering | None:
    row = await parked(tx, proposal_id, to_change=True)
    if row is None:
        return None
    return Answering(world, tx, row, await read_staff(tx), person, stopping=stopping, note=note, policy=policy)


async def _agree(answer: Answering, digest: str, conversation: str, files: list[Path]) -> Outcome:
    """A yes, and the deed if it is the last one needed. It counts as done where it was asked for: there "undo" is said."""
    address = answer.row["address"] or {}
    parts = (address.get(part) for part in ("channel", "conversation", "thread"))
    here = ":".join(part for part in parts if part) or conversation

    async def carry(proposal: Proposal, decision: Decision, said: Entry) -> Outcome:
        if takes_back(proposal):
            put_back = await _take_back(answer.world, answer.tx, proposal, decision, here, answer.person, said)
            # somebody was quicker, past this question: it ends with what they did
            return replace(put_back, data={**put_back.data, "state": "done"}) if put_back.kind == "already" else put_back
        return await do(
            answer.world,
            answer.tx,
            proposal,
            decision,
            conversation=here,
            decided_by=answer.person,
            opening=(said,),
            files=files,
        )

    return await answer.yes(digest, carry)


async def _confirmed_in_vain(
    world: World, tx: Tx | None, proposal_id: str, person: Speaker, kind: _Failure
) -> Outcome | None:
    """The yes was valid and the deed was rolled back: the proposal ends, and nobody's yes lingers."""
    now = world.now()
    async with within(world, tx) as inner:
        row = await parked(inner, proposal_id, to_change=True)
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


async def undo(
    world: World,
    deed_key: str,
    person: Speaker,
    conversation: str,
    policy: Policy,
    *,
    tx: Tx | None = None,
    address: Mapping[str, Json] | None = None,
    lang: str | None = None,
    stopping: Stopping = nothing_stops,
) -> Outcome:
    """Take back a deed, once, within UNDO_WITHIN. LookupError if there is no such deed.

    It is decided like any other act: `waiting` where the policy, a breaker, or the yes that the deed itself needed, asks for
    a person. `impossible` with problem `no_inverse`, `no_redo` or `too_late`, `stale` where the records have moved on
    since, `refused` where this person could not touch them, `already` if it was taken back before.
    """
    now = world.now()
    async with within(world, tx) as inner:
        deed = await _deed(inner, deed_key)
        if deed is None:
            raise LookupError("there is no such deed")
        proposal = await undoing(inner, deed, person, now)
        forward = await parked(inner, deed["proposal_id"])
        decision = deciding_to_undo(proposal, forward, policy, now, await stopping(inner, proposal))
    try:
        async with within(world, tx) as inner:
            if deed["undone_at"] is not None:
                return Outcome("already", proposal, decision, deed=deed_key, data={"state": "undone"})
            if decision.verdict == "refuse" or proposal.plan.problem is not None:
                return await _cannot_undo(world, inner, deed, proposal, decision)
            if decision.verdict == "confirm" and not _is_own_look(proposal, decision):
                await check_unchanged(inner, deed, proposal.plan.effects)
                return await _wait(world, inner, proposal, decision, address, lang or person.lang)
            return await _take_back(world, inner, proposal, decision, conversation, None, None)
    except Exception as error:
        kind = _failure(error, [], deed=deed_key)
    return await _not_done(world, tx, proposal, decision, kind)


async def _deed(tx: Tx, key: str) -> RowMapping | None:
    return (await tx.execute(select(DeedRow.__table__).where(DeedRow.key == key))).mappings().first()


def _is_own_look(proposal: Proposal, decision: Decision) -> bool:
    """All that is asked for is that whoever takes it back looks at it: that they have just done."""
    return all(decide.may_answer(proposal, need.confirmers, proposal.requester) for need in decision.needs) and all(
        need.confirmers.needed == 1 for need in decision.needs
    )


async def _take_back(
    world: World,
    tx: Tx,
    proposal: Proposal,
    decision: Decision,
    conversation: str,
    decided_by: Speaker | None,
    said: Entry | None,
) -> Outcome:
    """Put back what the deed changed. Raises Stale where the records have moved on."""
    assert isinstance(proposal.command, Undo)
    now, effects, key = world.now(), proposal.plan.effects, proposal.command.deed
    deed = await _deed(tx, key)
    assert deed is not None  # deeds are never deleted
    first = update(DeedRow).where(DeedRow.key == key, DeedRow.undone_at.is_(None)).values(undone_at=now)
    if (await tx.execute(first)).rowcount != 1:
        return Outcome("already", proposal, decision, deed=key, data={"state": "undone"})
    await check_unchanged(tx, deed, effects)
    by, agreed = proposal.requester.person_id, decided_by.person_id if decided_by else None
    taken_back = Deed(f"undo:{key}", deed["proposal_id"], Undo.name, by, conversation)
    await claim(tx, taken_back, effects, None, now)
    await apply_effects(world, tx, effects, taken_back.key, [])
    begun = Entry("undo", by, ref(deed["proposal_id"]), {"deed": key, "command": deed["command"], "proposal": proposal.id})
    before = opening(proposal, decision) if said is None else (said,)
    await audit.append(tx, now, *before, begun, *entries(taken_back, effects, agreed))
    return Outcome("done", proposal, decision, deed=taken_back.key, decided_by=agreed, data=dict(proposal.plan.data))


async def _cannot_undo(world: World, tx: Tx, deed: RowMapping, proposal: Proposal, decision: Decision) -> Outcome:
    is_forbidden = any(reason.verdict == "refuse" and reason.rule != "problem" for reason in decision.reasons)
    kind: Literal["refused", "impossible"] = "impossible" if proposal.plan.problem and not is_forbidden else "refused"
    trace = Entry("refusal", proposal.requester.person_id, ref(deed["proposal_id"]), {"kind": "undo"})
    await audit.append(tx, world.now(), trace)
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
