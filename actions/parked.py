"""Proposals that wait for a person's yes: their rows, and the timer that ends each; only carry_out.py writes them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import RowMapping, Select, select, update

from actions import audit
from actions.crm.own import json_value
from actions.deed import opening
from actions.outside.insert_new import insert_new
from actions.outside.store import Tx
from actions.outside.tables import ProposalRow, TimerRow
from actions.proposal import Decision, Json, Outcome, Proposal, Yes
from actions.proposal_json import (
    decision_from_json,
    decision_to_json,
    effects_to_json,
    proposal_from_json,
    proposal_to_json,
    yeses_to_json,
)


async def park(
    tx: Tx,
    proposal: Proposal,
    decision: Decision,
    address_json: Mapping[str, Json] | None,
    lang: str,
    now: datetime,
    edited: Mapping[str, Json] | None = None,
) -> None:
    """Keep the proposal until a person answers or its time runs out; nothing happens if it is kept already.

    `edited` says who changed which arguments of the proposal that this one takes the place of.
    """
    expires_at = now + decision.expires_in
    row: dict[str, Any] = {
        "id": proposal.id,
        "digest": proposal.digest,
        "state": "pending",
        "proposal": proposal_to_json(proposal),
        "decision": decision_to_json(decision),
        "requester_id": proposal.requester.person_id,
        "address": None if address_json is None else dict(address_json),
        "lang": lang,
        "created_at": now,
        "expires_at": expires_at,
        "yeses": [],
        "step": 0,
        "edited": None if edited is None else dict(edited),
    }
    if not await insert_new(tx, ProposalRow, [row], ProposalRow.id):
        return
    timer = {
        "key": expiry_timer(proposal.id),
        "kind": "proposal_expires",
        "due_at": expires_at,
        "data": {"proposal": proposal.id},
        "state": "waiting",
        "attempts": 0,
    }
    await insert_new(tx, TimerRow, [timer], TimerRow.key)
    asked: dict[str, Json] = {"effects": effects_to_json(proposal.plan.effects), "expires_at": json_value(expires_at)}
    await audit.append(tx, now, *opening(proposal, decision, **asked))


def expiry_timer(proposal_id: str) -> str:
    """The key of the timer that ends a parked proposal."""
    return f"proposal_expires:{proposal_id}"


async def parked(tx: Tx, proposal_id: str, *, to_change: bool = False) -> RowMapping | None:
    """The row of a proposal, waiting or settled; `to_change` has others wait until this transaction ends."""
    query: Select[Any] = select(ProposalRow.__table__).where(ProposalRow.id == proposal_id)
    if to_change:
        query = query.with_for_update()
    row: RowMapping | None = (await tx.execute(query)).mappings().first()
    return row


async def add_yes(tx: Tx, row: RowMapping, yes: Yes) -> None:
    """Keep a yes that counts but is not enough; the row must have been read `to_change`."""
    given = [*row["yeses"], *yeses_to_json([yes])]
    await tx.execute(update(ProposalRow).where(ProposalRow.id == row["id"]).values(yeses=given))


async def ask_on(tx: Tx, row: RowMapping, decision: Decision, step: int, now: datetime) -> datetime:
    """Leave a proposal open for as long again, its timer set anew. Returns until when."""
    until = now + decision.expires_in
    values = {"decision": decision_to_json(decision), "expires_at": until, "step": step}
    await tx.execute(update(ProposalRow).where(ProposalRow.id == row["id"]).values(**values))
    again = update(TimerRow).where(TimerRow.key == expiry_timer(row["id"]))
    await tx.execute(again.values(state="waiting", due_at=until, attempts=0, lease_until=None))
    return until


async def follow(tx: Tx, row: RowMapping) -> RowMapping:
    """What is asked today in place of this proposal: itself, or what it was changed into."""
    last, seen = row, {row["id"]}
    while (later_id := last["superseded_by"]) is not None and later_id not in seen:
        seen.add(later_id)
        later = await parked(tx, later_id)
        if later is None:
            break
        last = later
    return last


async def supersede(tx: Tx, proposal_id: str, by: str) -> None:
    """Say what is asked in place of a proposal that has ended."""
    await tx.execute(update(ProposalRow).where(ProposalRow.id == proposal_id).values(superseded_by=by))


async def settle(tx: Tx, proposal_id: str, state: str, by: str | None, now: datetime) -> bool:
    """End a pending proposal and its timer; False if somebody was quicker."""
    pending = update(ProposalRow).where(ProposalRow.id == proposal_id, ProposalRow.state == "pending")
    if (await tx.execute(pending.values(state=state, decided_by=by, decided_at=now))).rowcount != 1:
        return False
    waiting = update(TimerRow).where(TimerRow.key == expiry_timer(proposal_id), TimerRow.state == "waiting")
    await tx.execute(waiting.values(state="cancelled"))
    return True


def settled_before(row: RowMapping) -> Outcome:
    """What someone hears who answers a proposal that has ended: how, and through whom."""
    kind: Literal["expired", "already"] = "expired" if row["state"] == "expired" else "already"
    data = {"state": row["state"], "decided_at": json_value(row["decided_at"]), "superseded_by": row["superseded_by"]}
    proposal, decision = proposal_from_json(row["proposal"]), decision_from_json(row["decision"])
    return Outcome(kind, proposal, decision, deed=row["id"], decided_by=row["decided_by"], data=data)
