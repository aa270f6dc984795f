"""The HTTP API beside conversation: people with their identities, proposals to list, read and decide."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy import RowMapping, select

from actions.answering import editable
from actions.approvers import Staff, read_staff, who_can, with_stand_ins
from actions.crm import people
from actions.crm.records import Speaker
from actions.decide import may_answer, said_for, still_needed
from actions.decided import decided
from actions.outside.store import Store, Tx
from actions.outside.tables import ProposalRow
from actions.parked import follow, parked
from actions.proposal import Decision, Outcome, Proposal, Update
from actions.proposal_json import decision_from_json, proposal_from_json, yeses_from_json
from bot.channels.api import Name
from bot.door import ApiDoor
from bot.problem import problem

Decide = Callable[[str, str, Speaker, bool, Mapping[str, Any] | None], Awaitable[Outcome | None]]
"""Settle a proposal (id, digest, who, yes, other arguments) with all that hangs on it; None if there is no such one."""


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


class ChangeOut(BaseModel):
    """One field before and after; `record` is `kind:id`."""

    record: str
    field: str
    before: Any
    after: Any


class YesOut(BaseModel):
    """A yes that has been said, and the rules for which it counts."""

    person: str
    at: datetime
    rules: list[str]


class NeedOut(BaseModel):
    """A yes that is needed: for which rules, how many different people, how many have said it, and who may today."""

    rules: list[str]
    roles: list[str]
    people: list[str]
    needed: int
    met: int
    who_may: list[str]


class ProposalOut(BaseModel):
    """A proposal that waits or waited for a person. `proposal` and `decision` hold the whole basis.

    `changes` is what it does, before and after; `can_be_undone` whether that can be taken back. `needs` says who may answer,
    `yeses` who has; `editable` are the arguments that may be changed before it is approved. `step` counts how often it was
    passed on because nobody answered. `edited` says who changed what; `superseded_by` is what is asked in its place.
    """

    id: str
    digest: str
    state: str
    requester_id: str | None
    created_at: datetime
    expires_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    changes: list[ChangeOut]
    can_be_undone: bool
    needs: list[NeedOut]
    yeses: list[YesOut]
    editable: list[str]
    step: int
    edited: dict[str, Any] | None
    superseded_by: str | None
    proposal: dict[str, Any]
    decision: dict[str, Any]


class ProposalRead(ProposalOut):
    """One proposal. `basis` is all that its decision rests on, as the record holds it (docs/audit.md): the words, their
    reading, facts, passages, every rule with its outcome, versions, and who may answer and has."""

    basis: dict[str, Any] | None


class Verdict(BaseModel):
    """A person's answer, on exactly what `digest` names. `person` is an employee's or contact's id.

    `yes` true or false settles it. `changes` are other arguments (`{"discount": "12"}`): the proposal that they make takes
    the place of this one, and with `yes` true it is approved as well.
    """

    person: Name
    yes: bool | None = None
    changes: dict[Name, str | int | float | bool | None] | None = Field(None, min_length=1, max_length=20)
    digest: Name


class Settled(BaseModel):
    """What became of it: done, rejected, partial (others must say yes too), or waiting (changed, and asked again).

    `id` and `digest` name the proposal that counts from now on.
    """

    outcome: str
    state: str
    id: str
    digest: str


State = Literal["pending", "done", "rejected", "expired", "withdrawn", "stale", "failed", "superseded"]
_MOST = 200


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
        state: State = "pending",
        to_decide_by: Annotated[Name | None, Query(description="Only those that this person may answer.")] = None,
        requested_by: Annotated[Name | None, Query(description="Only those that this person asked for.")] = None,
    ) -> list[ProposalOut]:
        """The latest first, at most 200."""
        query = select(ProposalRow.__table__).where(ProposalRow.state == state).order_by(ProposalRow.created_at.desc())
        if requested_by is not None:
            query = query.where(ProposalRow.requester_id == requested_by)
        async with store.read() as tx:
            staff = await read_staff(tx)
            person = await people.speaker_of(tx, to_decide_by) if to_decide_by is not None else None
            if to_decide_by is not None and person is None:
                raise HTTPException(422, "There is no such person.")
            rows = (await tx.execute(query if person is not None else query.limit(_MOST))).mappings()
            return [_out(row, staff) for row in rows if person is None or _is_theirs(row, person, staff)][:_MOST]

    @router.get("/proposals/{proposal_id}", tags=["proposals"])
    async def read_proposal(proposal_id: Name) -> ProposalRead:
        async with store.read() as tx:
            out = _out(await _row(tx, proposal_id), await read_staff(tx))
            past = await decided(tx, proposal_id)
        return ProposalRead(**out.model_dump(), basis=past.to_json() if past is not None else None)

    @router.post("/proposals/{proposal_id}/decision", tags=["proposals"], response_model=Settled)
    async def decide_proposal(proposal_id: Name, verdict: Verdict) -> Settled | JSONResponse:
        """Say yes or no on behalf of a person, or change it first. The first answer wins, on whatever channel it is given.

        409 tells that it came too late, or to something else than what is asked: with the `state`, and the `id` and `digest`
        of what is asked today.
        """
        if verdict.yes is None and verdict.changes is None:
            raise HTTPException(422, "Say yes or no, or what to change.")
        if verdict.yes is False and verdict.changes is not None:
            raise HTTPException(422, "Either say no, or change it.")
        async with store.read() as tx:
            person = await people.speaker_of(tx, verdict.person)
        if person is None:
            raise HTTPException(422, "There is no such person.")
        outcome = await decide(proposal_id, verdict.digest, person, bool(verdict.yes), verdict.changes)
        if outcome is None:
            raise HTTPException(404, "There is no such proposal.")
        async with store.read() as tx:
            asked = await _row(tx, proposal_id)
            today = await follow(tx, asked)
        if outcome.data.get("reason") == "may_not_confirm":
            raise HTTPException(403, "This person may not confirm this proposal.")
        more = {"state": asked["state"], "decided_by": asked["decided_by"], "id": today["id"], "digest": today["digest"]}
        if outcome.data.get("reason") == "reason_needed":
            return problem(422, _NEEDS_A_REASON, firing=outcome.decision.reasons[0].data["firing"], **more)
        if outcome.data.get("is_open") or outcome.kind == "impossible":
            return problem(422, _WHY_NOT.get(str(outcome.data.get("reason")), _NOT_SO), rules=_refusing(outcome), **more)
        if outcome.kind not in ("done", "rejected", "partial", "waiting"):
            return problem(409, _TOO_LATE.get(outcome.kind, _TOO_LATE["already"]), outcome=outcome.kind, **more)
        return Settled(outcome=outcome.kind, state=today["state"], id=today["id"], digest=today["digest"])

    return router


_NEEDS_A_REASON = "A breaker stopped this: it goes on only with a reason, given in the conversation; it is still open."
_NOT_SO = "Changed so, it cannot be done; the request as it was is still open."
_WHY_NOT = {
    "not_editable": "This argument cannot be changed; `editable` lists those that can.",
    "bad_value": "This value does not fit the argument.",
    "unchanged": "That is what was asked for already.",
}
_TOO_LATE = {
    "already": "It was decided before.",
    "expired": "Its time to be answered has run out.",
    "stale": "The record, or what is known of the customer, has changed since; what it would do now is asked again.",
    "failed": "It broke while it was carried out; nothing was changed.",
    "refused": "It is not what is asked any more.",
}


def _refusing(outcome: Outcome) -> list[str]:
    return [one.rule for one in outcome.decision.reasons if one.verdict == "refuse"]


async def _row(tx: Tx, proposal_id: str) -> RowMapping:
    row = await parked(tx, proposal_id)
    if row is None:
        raise HTTPException(404, "There is no such proposal.")
    return row


def _is_theirs(row: RowMapping, person: Speaker, staff: Staff) -> bool:
    """Whether the person may answer it and their answer would still change something."""
    proposal, decision = _asked(row, staff)
    yeses = yeses_from_json(row["yeses"])
    has_said = any(one.person_id == person.person_id for one in yeses)
    return not has_said and any(may_answer(proposal, need.confirmers, person) for need in still_needed(decision, yeses))


def _asked(row: RowMapping, staff: Staff) -> tuple[Proposal, Decision]:
    proposal, kept = proposal_from_json(row["proposal"]), decision_from_json(row["decision"])
    today, _ = with_stand_ins(kept, proposal, staff)
    return proposal, today if today.verdict == "confirm" else kept


def _out(row: RowMapping, staff: Staff) -> ProposalOut:
    proposal, decision = _asked(row, staff)
    yeses = yeses_from_json(row["yeses"])
    same = {name: row[name] for name in ProposalOut.model_fields if name in row}
    computed: dict[str, Any] = {
        "changes": [
            ChangeOut(record=f"{one.kind}:{one.id}", field=one.field, before=one.old, after=one.new)
            for one in proposal.plan.effects
            if isinstance(one, Update)
        ],
        "can_be_undone": proposal.plan.inverse is not None,
        "needs": [
            NeedOut(
                rules=list(need.rules),
                roles=sorted(need.confirmers.roles),
                people=sorted(need.confirmers.people),
                needed=need.confirmers.needed,
                met=len(said_for(need, yeses)),
                who_may=list(who_can(need, proposal, staff)),
            )
            for need in decision.needs
        ],
        "yeses": [YesOut(person=one.person_id, at=one.at, rules=list(one.rules)) for one in yeses],
        "editable": list(editable(proposal.command)),
    }
    return ProposalOut(**{**same, **computed})
