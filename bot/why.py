"""What "why?" shows beside basis and reasons, read from the record; and whether somebody may see a decision by its id."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from actions.crm import people
from actions.crm.records import Speaker
from actions.decide import may_confirm, may_touch
from actions.decided import Decided, decided
from actions.grounds import basis_from_json, then_from_json, who_may
from actions.outside.store import Tx
from actions.parked import parked
from actions.proposal import Basis, Decision
from actions.proposal_json import decision_from_json, needs_to_json
from bot.standing import Waiting, waiting_of
from bot.wording.grounds import NOTHING_KEPT, Answer, Kept
from bot.wording.sentences import Language

ASKS_WHY_OF = re.compile(
    r"(?:(?:为什么|为何|为啥|依据|凭什么|why|explain|reasons?)\W*(?:(?:was|is)\W+)?(?P<after>P-[0-9a-f]{16})"
    r"|(?P<before>P-[0-9a-f]{16})\W*(?:是|was|is)?\W*(?:为什么|为何|为啥|依据|凭什么|why|explain|reasons?))\W*",
    re.IGNORECASE,
)
"""Words that ask why of a decision by its id."""


def asked_of(text: str) -> str | None:
    """The proposal whose reasons these words ask for."""
    match = ASKS_WHY_OF.fullmatch(text.strip())
    return None if match is None else f"P-{(match['after'] or match['before'])[2:].lower()}"


def asked_in(text: str) -> Language | None:
    """The language of such words, of which the id is no part; None where they do not ask so."""
    if asked_of(text) is None:
        return None
    return "zh" if any("\u4e00" <= character <= "\u9fff" for character in text) else "en"


async def kept_of(tx: Tx, proposal_id: str | None) -> Kept:
    """What the record knows of a decision; nothing where it has none."""
    past = await decided(tx, proposal_id) if proposal_id is not None else None
    return NOTHING_KEPT if past is None else await _kept(tx, past)


async def why_of(tx: Tx, proposal_id: str, viewer: Speaker) -> Mapping[str, Any] | None:
    """What a "why" button of this decision would carry; None where there is none that this person may see."""
    past = await decided(tx, proposal_id)
    if past is None or past.basis is None:
        return None
    then = then_from_json(proposal_id, past.basis, past.command) if "seen" in past.basis else None
    waiting = await _waiting(tx, proposal_id)
    decision = waiting.decision if waiting is not None else decision_from_json(dict(past.decision))
    took_part = viewer.person_id is not None and (
        viewer.person_id == past.by or viewer.person_id in {one.person_id for one in past.answers}
    )
    is_theirs = then is not None and (
        may_confirm(then.proposal, decision, viewer)
        or (
            (viewer.is_staff and bool(then.proposal.plan.subjects))
            and all(may_touch(viewer, subject) for subject in then.proposal.plan.subjects)
        )
    )
    return {"proposal": proposal_id} if took_part or is_theirs else None


async def shown(tx: Tx, data: Mapping[str, Any]) -> tuple[Basis, Decision | None, Kept]:
    """Basis, decision and the rest that "why" tells of a decision that only the record has any more."""
    past = await decided(tx, str(data["proposal"]))
    assert past is not None and past.basis is not None  # it was looked up in the same transaction
    return basis_from_json(past.basis), decision_from_json(dict(past.decision)), await _kept(tx, past)


async def _waiting(tx: Tx, proposal_id: str) -> Waiting | None:
    """How it stands, while it waits: whoever has left, did not answer or was changed into somebody else is known there."""
    row = await parked(tx, proposal_id)
    return await waiting_of(tx, row) if row is not None and row["state"] == "pending" else None


async def _name(tx: Tx, person_id: str | None) -> str:
    person = await people.speaker_of(tx, person_id) if person_id else None
    return person.name if person else person_id or ""


async def _kept(tx: Tx, past: Decided) -> Kept:
    answers = [Answer(await _name(tx, one.person_id), one.yes, one.at) for one in past.answers]
    waiting = await _waiting(tx, past.proposal_id)
    may = who_may(past.decision) if waiting is None else needs_to_json(waiting.standing.missing)
    may = [{**one, "people": [await _name(tx, person_id) for person_id in one.get("people", ())]} for one in may]
    basis = past.basis or {}
    return Kept(
        proposal_id=past.proposal_id,
        rules=len(basis.get("rules", ())),
        read_at=datetime.fromisoformat(basis["seen"]["at"]) if "seen" in basis else None,
        may=may,
        until=past.until,
        answers=answers,
        is_open=past.ended is None,
    )
