"""Past decisions as the record holds them: found by id, joined from the entries of the chain; reads, and never changes.

The entry `decision` holds the whole basis; who answered, and what came of it, are later entries about the same proposal.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, select

from actions.crm.own import json_value
from actions.deed import ref
from actions.outside.store import Tx
from actions.outside.tables import AuditRow, DeedRow
from actions.proposal import Json

_ABOUT = ("proposal", "decision", "confirmation", "deed_done", "deed_failed", "refusal", "timer", "undo", "edit")
_PAGE = 200


@dataclass(frozen=True)
class Answered:
    """A person's answer to a proposal."""

    person_id: str | None
    yes: bool
    at: datetime


@dataclass(frozen=True)
class Decided:
    """One decision with what led to it and what came of it. `basis` is None where it is from before the shape was kept."""

    proposal_id: str
    seq: int
    at: datetime
    by: str | None
    command: Json
    decision: Mapping[str, Any]
    basis: Mapping[str, Any] | None
    until: str | None = None
    answers: tuple[Answered, ...] = ()
    ended: str | None = None
    changed: Mapping[tuple[str, str], datetime] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json] | None:
        """The whole basis as one document: what the entry holds, and of later entries who answered and what came of it."""
        if self.basis is None:
            return None
        answers = [{"person": one.person_id, "yes": one.yes, "at": json_value(one.at)} for one in self.answers]
        facts = [
            {**one, "changed_at": json_value(self.changed.get((one["record"], one["field"]))) or one["changed_at"]}
            for one in self.basis["facts"]
        ]
        return {
            **self.basis,
            "id": self.proposal_id,
            "entry": self.seq,
            "decided_at": json_value(self.at),
            "verdict": self.decision["verdict"],
            "reasons": self.decision["reasons"],
            "facts": facts,
            "approvers": {**self.basis["approvers"], "until": self.until, "answers": answers},
            "ended": self.ended,
        }


async def decided(tx: Tx, proposal_id: str) -> Decided | None:
    """The latest decision about a proposal; None where the record has none."""
    about = select(AuditRow.__table__).where(AuditRow.subject == ref(proposal_id), AuditRow.kind.in_(_ABOUT))
    entries = (await tx.execute(about.order_by(AuditRow.seq))).mappings().all()
    at = max((number for number, one in enumerate(entries) if one["kind"] == "decision"), default=None)
    if at is None:
        return None
    entry, after = entries[at], entries[at + 1 :]
    proposed = next((one for one in reversed(entries[:at]) if one["kind"] == "proposal"), None)
    found = _decided(proposal_id, entry, proposed)
    until = [one["body"]["until"] for one in after if one["kind"] == "timer" and "until" in one["body"]]
    answers = tuple(
        Answered(one["actor"], bool(one["body"].get("yes")), one["at"]) for one in after if one["kind"] == "confirmation"
    )
    return Decided(
        **{
            **vars(found),
            "answers": answers,
            "until": until[-1] if until else found.until,
            "ended": _ended(after, found.decision["verdict"]) or await _put_back(tx, found),
            "changed": await _last_changes(tx, found),
        }
    )


async def look_up(tx: Tx, name: str) -> list[str]:
    """The proposals that an id means: a proposal's own, a deed's, or that of the message which led to them; newest last."""
    plain = name.removeprefix("proposal:")
    known = select(AuditRow.seq).where(AuditRow.subject == ref(plain), AuditRow.kind == "decision").limit(1)
    if (await tx.execute(known)).first() is not None:
        return [plain]
    deed = (await tx.execute(select(DeedRow.proposal_id).where(DeedRow.key == plain))).scalar_one_or_none()
    if deed is not None and deed != plain:
        return await look_up(tx, deed)
    message = AuditRow.body["message"].as_string() == name
    led_to = select(AuditRow.subject).where(AuditRow.kind == "proposal", message).order_by(AuditRow.seq)
    found = (await tx.execute(led_to)).scalars().all()
    return list(dict.fromkeys(one.removeprefix("proposal:") for one in found if one is not None))


async def all_decided(tx: Tx, since: datetime) -> AsyncIterator[Decided]:
    """Every decision from a moment on, oldest first, without what came of it; a page at a time in memory."""
    last = 0
    while True:
        query = select(AuditRow.__table__).where(
            AuditRow.kind.in_(("proposal", "decision")), AuditRow.at >= since, AuditRow.seq > last
        )
        page = (await tx.execute(query.order_by(AuditRow.seq).limit(_PAGE))).mappings().all()
        proposed: RowMapping | None = None
        for one in page:
            if one["kind"] == "proposal":
                proposed = one
            elif proposed is not None and proposed["subject"] == one["subject"]:
                yield _decided(str(one["subject"]).removeprefix("proposal:"), one, proposed)
        if len(page) < _PAGE:
            return
        # a proposal at the end of the page is read again with its decision
        last = page[-1]["seq"] - (1 if page[-1]["kind"] == "proposal" else 0)


def _decided(proposal_id: str, entry: RowMapping, proposed: RowMapping | None) -> Decided:
    body = dict(entry["body"])
    return Decided(
        proposal_id=proposal_id,
        seq=entry["seq"],
        at=entry["at"],
        by=proposed["actor"] if proposed is not None else None,
        command=proposed["body"].get("command") if proposed is not None else None,
        decision=body,
        basis=body.get("basis"),
        until=body.get("expires_at"),
    )


def _ended(after: list[RowMapping] | Any, verdict: str) -> str | None:
    """What came of it: done, taken back, rejected, expired, withdrawn, superseded, refused, stale or failed; None while it
    waits."""
    state = "refused" if verdict == "refuse" else None
    for one in after:
        match one["kind"]:
            case "deed_done":
                state = "done"
            case "undo":
                return "undone"
            case "deed_failed":
                state = str(one["body"].get("kind"))
            case "timer" if one["body"].get("kind") == "proposal_expires" and "until" not in one["body"]:
                state = "expired"
            case "edit":
                state = "superseded"
            case "withdrawal":
                state = str(one["body"]["state"])
            case "confirmation" if not one["body"].get("yes"):
                state = "rejected"
    return state


async def _put_back(tx: Tx, found: Decided) -> str | None:
    """Whether an undo was carried out: that stands in the record of what it took back."""
    if found.command != "undo":
        return None
    by_it = AuditRow.body["proposal"].as_string() == found.proposal_id
    done = select(AuditRow.seq).where(AuditRow.kind == "undo", by_it, AuditRow.seq > found.seq).limit(1)
    return "done" if (await tx.execute(done)).first() is not None else None


async def _last_changes(tx: Tx, found: Decided) -> dict[tuple[str, str], datetime]:
    """When each fact was last changed before the decision, as far as the record knows."""
    records = {one["record"] for one in found.basis["facts"] if one["record"]} if found.basis is not None else set()
    if not records:
        return {}
    before = select(AuditRow.subject, AuditRow.at, AuditRow.body).where(
        AuditRow.kind == "change", AuditRow.subject.in_(sorted(records)), AuditRow.seq < found.seq
    )
    rows = (await tx.execute(before.order_by(AuditRow.seq))).all()
    changed: dict[tuple[str, str], datetime] = {}
    for row in rows:
        names = [row.body["field"]] if "field" in row.body else list(row.body.get("values", ()))
        changed |= {(str(row.subject), name): row.at for name in names}
    return changed
