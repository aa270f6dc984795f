"""The HTTP API beside conversation: people with their identities, proposals to list, read and decide."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel
from sqlalchemy import select

from actions.crm import people
from actions.crm.records import Speaker
from actions.decided import decided
from actions.outside.store import Store, Tx
from actions.outside.tables import ProposalRow
from actions.proposal import Outcome
from bot.channels.api import Name
from bot.door import ApiDoor

Decide = Callable[[str, str, Speaker, bool], Awaitable[Outcome | None]]
"""Settle a proposal (id, digest, who, yes) with everything that hangs on it; None if there is no such proposal."""


class PersonOut(BaseModel):
    """Someone the house knows, and where they can be reached."""

    id: str
    name: str
    name_en: str
    role: str
    region: str
    lang: str
    customer_id: str | None
    identities: list[dict[str, str]]


class ProposalOut(BaseModel):
    """A proposal that waits or waited for a person. `proposal` and `decision` hold the whole basis."""

    id: str
    digest: str
    state: str
    requester_id: str | None
    created_at: datetime
    expires_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    proposal: dict[str, Any]
    decision: dict[str, Any]


class ProposalRead(ProposalOut):
    """One proposal. `basis` is all that its decision rests on, as the record holds it (docs/audit.md): the words, their
    reading, facts, passages, every rule with its outcome, versions, and who may answer and has."""

    basis: dict[str, Any] | None


class Verdict(BaseModel):
    """A person's yes or no, on exactly what `digest` names. `person` is an employee's or contact's id."""

    person: Name
    yes: bool
    digest: Name


class Settled(BaseModel):
    """What became of it: done, rejected, already, refused, stale, expired, failed."""

    outcome: str
    state: str


def house_routes(store: Store, door: ApiDoor, decide: Decide) -> APIRouter:
    """`/api/people` and `/api/proposals`."""
    router = APIRouter(prefix="/api", dependencies=[Depends(door)])

    @router.get("/people", tags=["people"])
    async def list_people() -> list[PersonOut]:
        async with store.read() as tx:
            everyone = await people.everyone(tx)
        return [
            PersonOut(
                id=person.id,
                name=person.name,
                name_en=person.name_en,
                role=person.role,
                region=person.region,
                lang=person.lang,
                customer_id=person.customer_id,
                identities=[{"channel": one.channel, "user": one.user} for one in person.identities],
            )
            for person in everyone
        ]

    @router.get("/proposals", tags=["proposals"])
    async def list_proposals(
        state: Literal["pending", "done", "rejected", "expired", "stale", "failed"] = "pending",
    ) -> list[ProposalOut]:
        query = select(ProposalRow).where(ProposalRow.state == state).order_by(ProposalRow.created_at.desc()).limit(200)
        async with store.read() as tx:
            return [_out(row) for row in await tx.execute(query)]

    @router.get("/proposals/{proposal_id}", tags=["proposals"])
    async def read_proposal(proposal_id: Name) -> ProposalRead:
        async with store.read() as tx:
            out = _out(await _row(tx, proposal_id))
            past = await decided(tx, proposal_id)
        return ProposalRead(**out.model_dump(), basis=past.to_json() if past is not None else None)

    @router.post("/proposals/{proposal_id}/decision", tags=["proposals"])
    async def decide_proposal(proposal_id: Name, verdict: Verdict) -> Settled:
        """Say yes or no on behalf of a person. The first answer wins, on whatever channel it is given."""
        async with store.read() as tx:
            person = await people.speaker_of(tx, verdict.person)
        if person is None:
            raise HTTPException(422, "There is no such person.")
        outcome = await decide(proposal_id, verdict.digest, person, verdict.yes)
        if outcome is None:
            raise HTTPException(404, "There is no such proposal.")
        if outcome.kind == "refused":
            raise HTTPException(403, "This person may not confirm this proposal.")
        async with store.read() as tx:
            return Settled(outcome=outcome.kind, state=(await _row(tx, proposal_id)).state)

    return router


async def _row(tx: Tx, proposal_id: str) -> Any:
    row = (await tx.execute(select(ProposalRow).where(ProposalRow.id == proposal_id))).first()
    if row is None:
        raise HTTPException(404, "There is no such proposal.")
    return row


def _out(row: Any) -> ProposalOut:
    return ProposalOut(**{name: getattr(row, name) for name in ProposalOut.model_fields})
