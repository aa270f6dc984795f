"""How a proposal that waits stands: who has said yes, for whom it still waits, until when, what was changed in it.

Read from its row before its card is drawn or redrawn; every copy shows the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from actions.answering import editable
from actions.approvers import read_staff, with_stand_ins
from actions.crm import people
from actions.decide import said_for, still_needed
from actions.outside.store import Tx
from actions.proposal import Decision, Need, Proposal
from actions.proposal_json import decision_from_json, proposal_from_json, yeses_from_json

Names = Mapping[str, Mapping[str, str]]
"""What people are called: by their id, then by the reader's language."""


@dataclass(frozen=True)
class Standing:
    """`said` are the ids of those whose yes counts, in order; `met` of the `needed` yeses have been given.

    `missing` are the needs that are open, each with the number it lacks. `edited` says who changed which arguments, of what.
    """

    said: tuple[str, ...] = ()
    met: int = 0
    needed: int = 1
    missing: tuple[Need, ...] = ()
    names: Names = field(default_factory=dict)
    until: datetime | None = None
    step: int = 0
    edited: Mapping[str, Any] | None = None
    can_edit: bool = False


@dataclass(frozen=True)
class Waiting:
    """A proposal as it is kept: what it would do, who is asked, how it stands, and what has become of it."""

    proposal: Proposal
    decision: Decision
    standing: Standing
    state: str


async def waiting_of(tx: Tx, row: RowMapping) -> Waiting:
    """What the row says today; who left since it was asked has been replaced."""
    proposal, kept = proposal_from_json(row["proposal"]), decision_from_json(row["decision"])
    answerable, _ = with_stand_ins(kept, proposal, await read_staff(tx))
    decision = answerable if answerable.verdict == "confirm" else kept
    yeses = yeses_from_json(row["yeses"])
    said = tuple(dict.fromkeys(yes.person_id for yes in yeses))
    edited = row["edited"]
    named = {*said, *(one for need in decision.needs for one in need.confirmers.people), *([edited["by"]] if edited else ())}
    standing = Standing(
        said,
        sum(min(len(said_for(need, yeses)), need.confirmers.needed) for need in decision.needs),
        sum(need.confirmers.needed for need in decision.needs),
        still_needed(decision, yeses),
        await names_of(tx, named),
        row["expires_at"],
        row["step"],
        edited,
        bool(editable(proposal.command)),
    )
    return Waiting(proposal, decision, standing, row["state"])


async def names_of(tx: Tx, ids: Iterable[str]) -> dict[str, dict[str, str]]:
    """What these people are called in each language; who is not known goes by their id."""
    found = {}
    for person_id in sorted(set(ids)):
        person = await people.speaker_of(tx, person_id)
        found[person_id] = {lang: person.called(lang) if person else person_id for lang in ("zh", "en")}
    return found
