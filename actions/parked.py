"""Proposals that wait for a person's yes: their rows, and the timer that ends each; only carry_out.py writes them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from sqlalchemy import RowMapping, select, update

from actions import audit
from actions.crm.own import json_value
from actions.deed import opening
from actions.outside.insert_new import insert_new
from actions.outside.store import Tx
from actions.outside.tables import ProposalRow, TimerRow
from actions.proposal import Decision, Json, Outcome, Proposal
from actions.proposal_json import (
    decision_from_json,
    decision_to_json,
    effects_to_json,
    proposal_from_json,
    proposal_to_json,
)


async def park(
    tx: Tx, proposal: Proposal, decision: Decision, address_json: Mapping[str, Json] | None, lang: str, now: datetime
) -> None:
    """Keep the proposal until a person answers or its time runs out; nothing happens if it is kept already."""
    expires_at = now + decision.expires_in
    row = {
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


async def parked(tx: Tx, proposal_id: str) -> RowMapping | None:
    """The row of a proposal, waiting or settled."""
    return (await tx.execute(select(ProposalRow.__table__).where(ProposalRow.id == proposal_id))).mappings().first()


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
    data = {"state": row["state"], "decided_at": json_value(row["decided_at"])}
    proposal, decision = proposal_from_json(row["proposal"]), decision_from_json(row["decision"])
    return Outcome(kind, proposal, decision, deed=row["id"], decided_by=row["decided_by"], data=data)
