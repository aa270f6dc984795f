"""From a command to a proposal: its plan from fresh facts, an id that derives from the cause, a digest of exactly what."""

from dataclasses import replace
from datetime import datetime

from actions.canonical import digest_of
from actions.commands.roster import command_to_json
from actions.crm.records import Speaker
from actions.proposal import Basis, Command, Effect, Facts, Json, Plan, Proposal
from actions.proposal_json import effects_to_json

_STAMPS = frozenset(
    {
        "created_at",
        "stage_since",
        "opened_at",
        "closed_at",
        "at",
        "held_until",
        "sent_at",
        "asked_at",
        "answer_by",
        "answered_at",
        "arrived_at",
        "basis_at",
        "deleted_at",
    }
)
"""Fields that only say when: planned a minute later, the deed is still the same deed."""
_FROM_NOW = frozenset({"hold_ends", "calendar_taken", "review_due", "chase", "listen", "corrected", "dispatch"})
"""Timers that count from the moment of the deed."""


def draft(command: Command, facts: Facts, speaker: Speaker, basis: Basis, key: str, now: datetime) -> Proposal:
    """The proposal that this command makes when `key` (a message, a press) causes it; the same again for the same cause."""
    written = command_to_json(command)
    proposal_id = "P-" + digest_of([key, written])[:16]
    plan = command.plan(facts, speaker, proposal_id, now)
    return Proposal(proposal_id, command, plan, speaker, basis, _digest(command, plan), facts)


def drafted_again(proposal: Proposal, facts: Facts, now: datetime) -> Proposal:
    """The same proposal with what its command would do with the facts of this moment, and the digest of that."""
    plan = proposal.command.plan(facts, proposal.requester, proposal.id, now)
    return replace(proposal, plan=plan, digest=_digest(proposal.command, plan), seen=facts)


def is_still(shown: Proposal, fresh: Proposal) -> bool:
    """Whether the fresh one does exactly what was shown, leaving aside the moment at which it is done."""
    return fresh.plan.problem == shown.plan.problem and fresh.digest == shown.digest


def _digest(command: Command, plan: Plan) -> str:
    return digest_of({**command_to_json(command), "effects": _timeless_effects(plan.effects)})


def _timeless_effects(effects: tuple[Effect, ...]) -> list[Json]:
    """The effects as JSON without the moments that only record when they were planned."""
    return [_timeless(effect) for effect in effects_to_json(effects)]


def _timeless(effect: dict[str, Json]) -> dict[str, Json]:
    if effect["effect"] == "update" and effect["field"] in _STAMPS:
        return {**effect, "new": None}
    if effect["effect"] == "schedule" and effect["kind"] in _FROM_NOW:
        return {**effect, "due_at": None}
    part = {"create": "values", "notify": "data", "redraw": "data"}.get(effect["effect"])
    if part is None:
        return effect
    is_ticket = effect.get("kind") == "ticket" or str(effect.get("topic", "")).startswith("ticket_")
    moments = _STAMPS | {"due_at"} if is_ticket else _STAMPS
    return {**effect, part: {name: value for name, value in effect[part].items() if name not in moments}}
