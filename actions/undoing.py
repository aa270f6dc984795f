"""What taking back a deed would do: its inverse as a proposal of the person who wants it back."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import RowMapping

from actions.apply_effects import Stale, is_as_made
from actions.canonical import digest_of
from actions.commands.undo import Undo
from actions.crm import own
from actions.crm.records import Customer, Record, Speaker
from actions.outside.store import Tx
from actions.proposal import Basis, Create, Effect, Facts, Proposal, Remove, Subject, Update
from actions.proposal_json import effects_from_json, effects_to_json

UNDO_WITHIN = timedelta(hours=24)
"""How long a deed can be taken back: the working day in which a slip is noticed."""
# a contact has a name and a title, which is their job
_TITLES = ("name", "title", "company", "subject", "text")
_OWNERS = ("owner_id", "person_id", "by_id")


async def undoing(tx: Tx, deed: RowMapping, person: Speaker, now: datetime) -> Proposal:
    """The proposal that takes this deed back; its plan has the problem `no_inverse` or `too_late` where it cannot be."""
    problem = None
    if deed["inverse"] is None:
        problem = "no_inverse"
    elif now - deed["at"] > UNDO_WITHIN:
        problem = "too_late"
    effects = effects_from_json(deed["inverse"] or [])
    command = Undo(deed["key"], deed["command"], effects, await _subjects(tx, effects), problem)
    key = f"undo:{deed['key']}"
    return Proposal(
        id=key,
        command=command,
        plan=command.plan(Facts(), person, key, now),
        requester=person,
        basis=Basis(),
        digest=digest_of(effects_to_json(effects)),
    )


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
