"""What taking back a deed would do: its inverse as a proposal of the person who wants it back, and who must agree."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import RowMapping

from actions.apply_effects import Stale, is_as_made
from actions.canonical import digest_of
from actions.commands.undo import Undo
from actions.crm import own
from actions.crm.records import Customer, Deal, Record, Speaker
from actions.decide import decide, may_answer
from actions.outside.store import Tx
from actions.parked import parked
from actions.policy.policy import Finding, Policy
from actions.proposal import Basis, Create, Decision, Effect, Facts, Proposal, Reason, Remove, Subject, Update
from actions.proposal_json import decision_from_json, effects_from_json, effects_to_json, proposal_from_json

UNDO_WITHIN = timedelta(hours=24)
"""How long a deed can be taken back: the working day in which a slip is noticed."""
# a contact has a name and a title, which is their job
_TITLES = ("name", "title", "company", "subject", "text")
_LEGAL = frozenset({"name", "tax_id", "bank", "invoice_title"})
_OWNERS = ("owner_id", "person_id", "by_id")


async def undoing(tx: Tx, deed: RowMapping, person: Speaker, now: datetime) -> Proposal:
    """The proposal that takes this deed back; its plan has the problem `no_inverse`, `no_redo` or `too_late` where it cannot
    be.

    Its id derives from the deed and from how often taking it back was asked for and came to nothing: asked twice at once, it
    is one question.
    """
    problem = None
    if deed["command"] == Undo.name:
        problem = "no_redo"
    elif deed["inverse"] is None:
        problem = "no_inverse"
    elif now - deed["at"] > UNDO_WITHIN:
        problem = "too_late"
    effects = effects_from_json(deed["inverse"] or [])
    subjects = await _subjects(tx, effects)
    command = Undo(deed["key"], deed["command"], effects, subjects, problem, await _measures(tx, effects))
    proposal_id = await _free_id(tx, deed["key"])
    return Proposal(
        id=proposal_id,
        command=command,
        plan=command.plan(Facts(), person, proposal_id, now),
        requester=person,
        basis=Basis(),
        digest=digest_of(effects_to_json(effects)),
    )


def deciding_to_undo(
    proposal: Proposal, forward: RowMapping | None, policy: Policy, now: datetime, stops: Sequence[Finding] = ()
) -> Decision:
    """What may happen with an undo: the policy judges what it puts back, and what was confirmed is taken back the same way.

    `forward` is the row of the proposal that was confirmed, if it was, `stops` what the breakers say. Whoever could have
    given that yes needs no other.
    """
    agreed: list[Finding] = []
    if forward is not None:
        asked, before = decision_from_json(forward["decision"]), proposal_from_json(forward["proposal"])
        is_other = proposal.requester.person_id != before.requester.person_id
        for need in asked.needs:
            if need.confirmers.not_requester and not (is_other and may_answer(before, need.confirmers, proposal.requester)):
                reason = Reason("undo_confirmed", "confirm", {"rules": list(need.rules)})
                agreed.append(Finding(reason, need.confirmers, asked.expires_in, asked.on_expiry))
    return decide(proposal, policy, now, stops, agreed)


async def _free_id(tx: Tx, deed: str) -> str:
    number = 0
    while True:
        proposal_id = "P-" + digest_of(["undo", deed, number])[:16]
        row = await parked(tx, proposal_id)
        if row is None or row["state"] in ("pending", "done"):
            return proposal_id
        number += 1


async def _measures(tx: Tx, effects: tuple[Effect, ...]) -> dict[str, float | bool | str]:
    """What the policy should know of what is put back: an amount or discount that rises again, data in law, how many."""
    updates = [one for one in effects if isinstance(one, Update)]
    measures: dict[str, float | bool | str] = {
        "records": float(len({(one.kind, one.id) for one in effects if isinstance(one, Update | Remove)}))
    }
    if any(one.kind == "customer" and one.field in _LEGAL for one in updates):
        measures["legal_data"] = True
    for one in updates:
        deal = await own.get(tx, "deal", one.id) if one.kind == "deal" else None
        if not isinstance(deal, Deal) or one.field not in ("amount", "currency", "discount"):
            continue
        back = {change.field: change.new for change in updates if change.id == one.id}
        amount, currency = Decimal(str(back.get("amount", deal.amount))), str(back.get("currency", deal.currency))
        measures |= {"amount": float(amount), "currency": currency}
        if amount > deal.amount or currency != deal.currency:
            measures["contract"] = True
        if one.field == "discount" and Decimal(str(one.new)) > deal.discount:
            measures["discount"] = float(one.new)
    return measures


async def check_unchanged(tx: Tx, deed: RowMapping, inverse: tuple[Effect, ...]) -> None:
    """Raises Stale if a record that the deed made, and the inverse would remove, has been changed or built upon since."""
    made = {(one.kind, one.id): one for one in effects_from_json(deed["effects"]) if isinstance(one, Create)}
    for effect in inverse:
        if isinstance(effect, Remove) and not await is_as_made(tx, made[effect.kind, effect.id]):
            raise Stale


async def _subjects(tx: Tx, effects: tuple[Effect, ...]) -> tuple[Subject, ...]:
    """The records that these effects change, with who owns them once it is done: who gave a lead away may take it back."""
    changed = dict.fromkeys((one.kind, one.id) for one in effects if isinstance(one, Update | Remove))
    owners = {(one.kind, one.id): one.new for one in effects if isinstance(one, Update) and one.field == "owner_id"}
    facts = await own.get_many(tx, changed)
    return tuple(_subject(ref, facts.records[ref], facts, owners) for ref in changed if ref in facts.records)


def _subject(ref: tuple[str, str], record: Record, facts: Facts, owners: Mapping[tuple[str, str], str | None]) -> Subject:
    kind, record_id = ref
    customer_id = record_id if kind == "customer" else getattr(record, "customer_id", None)
    customer: Customer | None = facts.get("customer", customer_id)
    title = next((getattr(record, name) for name in _TITLES if hasattr(record, name)), "")
    named = (getattr(record, name) for name in _OWNERS if hasattr(record, name))
    owner_id = next(named, customer.owner_id if customer else None)
    return Subject(kind, record_id, title[:40], customer_id, owners.get(ref, owner_id))
