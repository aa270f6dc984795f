"""Effects, plans, proposals and decisions to and from JSON, so that what waits for a person survives a restart."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from actions.commands.roster import command_from_json, command_to_json
from actions.commands.undo import Undo
from actions.crm.own import json_value
from actions.crm.records import Speaker
from actions.proposal import (
    Basis,
    Command,
    Confirmers,
    CountCrossing,
    Create,
    Decision,
    Effect,
    Erase,
    Json,
    Need,
    Notify,
    Occupy,
    Plan,
    PrintPaper,
    Proposal,
    Reason,
    Redraw,
    Remove,
    ReplaceBusy,
    Schedule,
    Subject,
    TakeIn,
    TakeOut,
    Unschedule,
    Update,
    Vacate,
    WriteFile,
    Yes,
)

_NAMES: dict[type[Any], str] = {
    Create: "create",
    Update: "update",
    Remove: "remove",
    Notify: "notify",
    Redraw: "redraw",
    Schedule: "schedule",
    Unschedule: "unschedule",
    WriteFile: "write_file",
    CountCrossing: "count_crossing",
    PrintPaper: "print_paper",
    TakeIn: "take_in",
    TakeOut: "take_out",
    Occupy: "occupy",
    Vacate: "vacate",
    ReplaceBusy: "replace_busy",
    Erase: "erase",
}
_TYPES = {name: effect for effect, name in _NAMES.items()}
_basis = TypeAdapter(Basis)
_speaker = TypeAdapter(Speaker)


def effect_to_json(effect: Effect) -> dict[str, Json]:
    """The fields of the effect, and under `effect` which one it is."""
    data: dict[str, Json] = {"effect": _NAMES[type(effect)], **vars(effect)}
    if isinstance(effect, Notify):
        data["offers"] = [command_to_json(offer) for offer in effect.offers]
    elif isinstance(effect, Schedule):
        data["due_at"] = json_value(effect.due_at)
    elif isinstance(effect, Occupy):
        data |= {"people": list(effect.people), "starts": json_value(effect.starts), "ends": json_value(effect.ends)}
    elif isinstance(effect, ReplaceBusy):
        data["spans"] = list(effect.spans)
    elif isinstance(effect, WriteFile | CountCrossing):
        data["ids"] = list(effect.ids)
    elif isinstance(effect, TakeIn):
        data["audience"] = list(effect.audience)
    return data


def effect_from_json(data: dict[str, Json]) -> Effect:
    """ValueError, KeyError or TypeError on what `effect_to_json` never wrote."""
    values = {name: value for name, value in data.items() if name != "effect"}
    kind = _TYPES[data["effect"]]
    if kind is Notify:
        values["offers"] = tuple(command_from_json(offer) for offer in values["offers"])
    elif kind is Schedule:
        values["due_at"] = datetime.fromisoformat(values["due_at"])
    elif kind is Occupy:
        moments = {name: datetime.fromisoformat(values[name]) for name in ("starts", "ends")}
        values |= {**moments, "people": tuple(values["people"])}
    elif kind is ReplaceBusy:
        values["spans"] = tuple(values["spans"])
    elif kind in (WriteFile, CountCrossing):
        values["ids"] = tuple(values["ids"])
    elif kind is TakeIn:
        values["audience"] = tuple(values["audience"])
    effect: Effect = kind(**values)
    return effect


def effects_to_json(effects: tuple[Effect, ...]) -> list[dict[str, Json]]:
    return [effect_to_json(effect) for effect in effects]


def effects_from_json(data: list[dict[str, Json]]) -> tuple[Effect, ...]:
    return tuple(effect_from_json(one) for one in data)


def plan_to_json(plan: Plan) -> dict[str, Json]:
    return {
        "effects": effects_to_json(plan.effects),
        "subjects": [asdict(subject) for subject in plan.subjects],
        "measures": dict(plan.measures),
        "inverse": None if plan.inverse is None else effects_to_json(plan.inverse),
        "problem": plan.problem,
        "data": dict(plan.data),
        "offers": [command_to_json(offer) for offer in plan.offers],
    }


def plan_from_json(data: dict[str, Json]) -> Plan:
    return Plan(
        effects=effects_from_json(data["effects"]),
        subjects=tuple(Subject(**subject) for subject in data["subjects"]),
        measures=data["measures"],
        inverse=None if data["inverse"] is None else effects_from_json(data["inverse"]),
        problem=data["problem"],
        data=data["data"],
        offers=tuple(command_from_json(offer) for offer in data.get("offers", ())),
    )


def proposal_to_json(proposal: Proposal) -> dict[str, Json]:
    return {
        "id": proposal.id,
        "command": _written(proposal.command),
        "plan": plan_to_json(proposal.plan),
        "requester": _speaker.dump_python(proposal.requester, mode="json"),
        "basis": _basis.dump_python(proposal.basis, mode="json"),
        "digest": proposal.digest,
    }


def proposal_from_json(data: dict[str, Json]) -> Proposal:
    plan = plan_from_json(data["plan"])
    return Proposal(
        id=data["id"],
        command=_command_of(data["command"], plan),
        plan=plan,
        requester=_speaker.validate_python(data["requester"]),
        basis=_basis.validate_python(data["basis"]),
        digest=data["digest"],
    )


def decision_to_json(decision: Decision) -> dict[str, Json]:
    return {
        "verdict": decision.verdict,
        "reasons": [{"rule": one.rule, "verdict": one.verdict, "data": dict(one.data)} for one in decision.reasons],
        "needs": needs_to_json(decision.needs),
        "expires_s": decision.expires_in.total_seconds(),
        "policy": decision.policy,
        "on_expiry": decision.on_expiry,
    }


def decision_from_json(data: dict[str, Json]) -> Decision:
    return Decision(
        verdict=data["verdict"],
        reasons=tuple(Reason(**reason) for reason in data["reasons"]),
        needs=_needs_from_json(data),
        expires_in=timedelta(seconds=data["expires_s"]),
        policy=data["policy"],
        on_expiry=data.get("on_expiry", "refuse"),
    )


def needs_to_json(needs: Sequence[Need]) -> list[dict[str, Json]]:
    return [{"rules": list(need.rules), **_confirmers_to_json(need.confirmers)} for need in needs]


def _needs_from_json(data: dict[str, Json]) -> tuple[Need, ...]:
    if "needs" in data:
        return tuple(Need(tuple(one["rules"]), _confirmers_from_json(one)) for one in data["needs"])
    if data["verdict"] != "confirm":
        return ()
    # a question that was parked when one answer settled all its rules
    rules = tuple(reason["rule"] for reason in data["reasons"] if reason["verdict"] == "confirm")
    return (Need(rules, _confirmers_from_json(data["confirmers"])),)


def _confirmers_to_json(confirmers: Confirmers) -> dict[str, Json]:
    return {
        "roles": sorted(confirmers.roles),
        "people": sorted(confirmers.people),
        "not_requester": confirmers.not_requester,
        "needed": confirmers.needed,
    }


def _confirmers_from_json(data: dict[str, Json]) -> Confirmers:
    people, needed = frozenset(data.get("people", ())), data.get("needed", 1)
    return Confirmers(frozenset(data["roles"]), data["not_requester"], people, needed)


def yeses_to_json(yeses: Sequence[Yes]) -> list[dict[str, Json]]:
    return [{"person_id": yes.person_id, "at": json_value(yes.at), "rules": list(yes.rules)} for yes in yeses]


def yeses_from_json(data: Sequence[dict[str, Json]]) -> tuple[Yes, ...]:
    return tuple(Yes(one["person_id"], datetime.fromisoformat(one["at"]), tuple(one["rules"])) for one in data)


def _written(command: Command) -> dict[str, Json]:
    """An undo is not on the roster: what it does stands in its plan."""
    if isinstance(command, Undo):
        return {"name": Undo.name, "args": {"deed": command.deed, "did": command.did}}
    return command_to_json(command)


def _command_of(data: dict[str, Json], plan: Plan) -> Command:
    if data["name"] == Undo.name:
        return Undo(**data["args"], effects=plan.effects, subjects=plan.subjects, measures=plan.measures)
    return command_from_json(data)
