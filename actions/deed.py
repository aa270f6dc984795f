"""One deed, done once: claimed by its key, its effects applied, its entries written, all in one transaction.

Only carry_out.py calls this, after the decision.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from actions import audit
from actions.apply_effects import apply_effects
from actions.audit import Entry
from actions.commands.roster import COMMANDS, command_to_json
from actions.crm import own
from actions.crm.records import Speaker
from actions.draft import drafted_again
from actions.grounds import basis_to_json
from actions.outside.insert_new import insert_new
from actions.outside.store import Tx
from actions.outside.tables import DeedRow
from actions.proposal import Create, Decision, Effect, Json, Outcome, Proposal, Remove, Update
from actions.proposal_json import decision_to_json, effect_to_json, effects_to_json
from actions.world import World


@dataclass(frozen=True)
class Deed:
    """What is about to be done, by whom, and where it was asked for."""

    key: str
    proposal_id: str
    command: str
    by_id: str | None
    conversation: str


async def do(
    world: World,
    tx: Tx,
    proposal: Proposal,
    decision: Decision,
    *,
    conversation: str,
    decided_by: Speaker | None,
    opening: tuple[Entry, ...],
    files: list[Path],
) -> Outcome:
    """Carry out the proposal's plan, or learn that it has been done. `opening` goes into the record before the deed.

    Raises Stale, and whatever breaks; the caller rolls back and removes the `files` written until then.
    """
    now, plan = world.now(), proposal.plan
    deed = Deed(proposal.id, proposal.id, proposal.command.name, proposal.requester.person_id, conversation)
    if not await claim(tx, deed, plan.effects, plan.inverse, now):
        return Outcome("already", proposal, decision, deed=deed.key)
    await apply_effects(world, tx, plan.effects, deed.key, files)
    by = decided_by.person_id if decided_by else None
    await audit.append(tx, now, *opening, *entries(deed, plan.effects, by))
    return Outcome("done", proposal, decision, deed=deed.key, decided_by=by, data=dict(plan.data))


async def claim(tx: Tx, deed: Deed, effects: tuple[Effect, ...], inverse: tuple[Effect, ...] | None, now: datetime) -> bool:
    """Put the deed on the books; False if it is there already. From here to the end of the transaction it is ours."""
    row = {
        **vars(deed),
        "effects": effects_to_json(effects),
        "inverse": None if inverse is None else effects_to_json(inverse),
        "at": now,
    }
    return bool(await insert_new(tx, DeedRow, [row], DeedRow.key))


async def was_done(tx: Tx, proposal: Proposal) -> bool:
    """Whether this very person has done it already: that nothing is left to do is then no problem of theirs."""
    by_them = DeedRow.by_id == proposal.requester.person_id
    return (await tx.execute(select(DeedRow.key).where(DeedRow.key == proposal.id, by_them))).first() is not None


def entries(deed: Deed, effects: tuple[Effect, ...], decided_by: str | None) -> tuple[Entry, ...]:
    """The record of the deed: begun, each change, done."""
    begun: dict[str, Json] = {"command": deed.command, "deed": deed.key, "decided_by": decided_by}
    return (
        Entry("deed_begin", deed.by_id, ref(deed.proposal_id), begun),
        *(Entry("change", deed.by_id, _changed(effect), effect_to_json(effect)) for effect in effects),
        Entry("deed_done", deed.by_id, ref(deed.proposal_id), {"deed": deed.key}),
    )


def opening(proposal: Proposal, decision: Decision, **asked: Json) -> tuple[Entry, ...]:
    """What was proposed, and what was decided about it with everything that it rests on (docs/audit.md)."""
    plan, by = proposal.plan, proposal.requester.person_id
    proposed: dict[str, Json] = {
        "command": command_to_json(proposal.command) if proposal.command.name in COMMANDS else proposal.command.name,
        "digest": proposal.digest,
        "subjects": [f"{subject.kind}:{subject.id}" for subject in plan.subjects],
        "measures": dict(plan.measures),
        "message": proposal.basis.message,
    }
    decided = {**decision_to_json(decision), **asked, "basis": basis_to_json(proposal, decision)}
    return (Entry("proposal", by, ref(proposal.id), proposed), Entry("decision", None, ref(proposal.id), decided))


def ref(proposal_id: str) -> str:
    """How the record names a proposal."""
    return f"proposal:{proposal_id}"


async def with_fresh_plan(tx: Tx, proposal: Proposal, now: datetime) -> Proposal:
    """The proposal as it would be made from today's records; an undo stays what it was."""
    if proposal.command.name not in COMMANDS:
        return proposal
    return drafted_again(proposal, await own.get_many(tx, proposal.command.reads), now)


@asynccontextmanager
async def within(world: World, tx: Tx | None) -> AsyncIterator[Tx]:
    """A transaction of our own, or a part of the given one that can be rolled back alone."""
    if tx is None:
        async with world.store.write() as whole:
            await audit.lock(whole)
            yield whole
    else:
        async with tx.begin_nested():
            yield tx


def _changed(effect: Effect) -> str:
    """What an effect is about, as the record's subject: `deal:D001`, `person:E01`, a card, a timer, a file."""
    if isinstance(effect, Create | Update | Remove):
        return f"{effect.kind}:{effect.id}"
    return next(
        str(getattr(effect, name))
        for name in ("to", "view_of", "key", "name", "digest", "booking_id", "employee_id", "destination")
        if hasattr(effect, name)
    )
