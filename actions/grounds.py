"""The grounds of a decision as the record keeps them: to JSON in one documented shape, and back to be judged again.

docs/audit.md says what each field is. Values that may be personal (names, numbers, addresses, free text of records) are not
kept here: the entry names them as withheld, and a rule that looked at one is kept with what it found.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from actions.canonical import canonical
from actions.commands.roster import COMMANDS, command_from_json
from actions.crm.own import json_value
from actions.crm.records import Speaker
from actions.policy.fields import (
    Sight,
    choices_of,
    command_values,
    seen_to_json,
    sight_from_json,
)
from actions.proposal import (
    Basis,
    Because,
    Decision,
    Facts,
    Json,
    Plan,
    Proposal,
    Ranked,
    Seen,
    Subject,
    Update,
    Weighed,
)
from actions.proposal_json import decision_to_json
from intents.understanding import Candidate
from retrieval.passage import Passage

SHAPE = 1
"""The version of the shape. It counts up when a field changes its meaning or goes; a new field does not count."""
MOST_FURTHER = 500
"""Further records of one act that are kept; of more than that, the rest is only counted."""
_MOST_OF_A_LIST = 200
_PLAIN_TEXTS = frozenset(
    {"id", "kind", "stage", "state", "currency", "region", "country", "tier", "industry", "lang", "zone", "severity"}
    | {"waiting_on", "source", "role"}
)
"""Texts of records that say nothing about a person; so do ids, and fields with a few values."""
_COUNTED = frozenset({"segment", "won", "with_step", "lost", "lost_with", "days", "limit", "wanted", "count", "stage"})
"""What of a next step's reasons is kept: how many and of which kind, never who."""
_TOLD_FIELD = {"customer": "name", "deal": "title"}
"""Which field of the record a fact told under this name is."""


# --- to JSON -------------------------------------------------------------------------------------------------------------


def basis_to_json(proposal: Proposal, decision: Decision) -> dict[str, Json]:
    """Everything that the decision rests on."""
    basis, grounds = proposal.basis, decision.grounds
    kept: dict[str, Json] = {
        "version": SHAPE,
        "utterance": _utterance(basis),
        "reading": {
            "intent": basis.intent,
            "probability": basis.confidence,
            "runners_up": [{"intent": one.intent, "probability": one.confidence} for one in basis.alternatives],
        },
        "facts": _facts(proposal, decision),
        "passages": [_passage(passage) for passage in basis.passages],
        "rules": _rules(decision),
        "versions": {"model": basis.model, "dictionary": basis.dictionary, "policy": decision.policy},
        "approvers": {"may": who_may(decision_to_json(decision)), "expires_s": decision.expires_in.total_seconds()},
        "act": _act(proposal),
    }
    if basis.ranked:
        kept["next_steps"] = [_next_step(one) for one in basis.ranked]
    if grounds is not None:
        kept["seen"] = _seen(grounds.seen, proposal.command.name in COMMANDS)
        judged, came_out = (judgement(decision_to_json(one)) for one in (grounds.judged, decision))
        if judged != came_out:
            kept["judged"] = judged
    return kept


def _next_step(one: Ranked) -> dict[str, Json]:
    """A next step with what moved it: numbers and segments, no names."""
    because: list[Json] = [
        {
            "reason": reason.key,
            "points": reason.points,
            "saw": {name: value for name, value in reason.data.items() if name in _COUNTED},
        }
        for reason in one.because
    ]
    return {"step": one.step, "score": one.score, "weight": one.weight, "because": because}


def _next_step_from_json(one: Mapping[str, Any]) -> Ranked:
    because = tuple(Because(reason["reason"], reason["points"], reason["saw"]) for reason in one["because"])
    return Ranked(one["step"], one["score"], one["weight"], because)


def judgement(decision: Mapping[str, Json]) -> dict[str, Json]:
    """A decision, written as JSON, as far as it can be compared with another."""
    return {
        "verdict": decision["verdict"],
        "reasons": [one["rule"] for one in decision["reasons"]],
        "approvers": _whose_yes(decision),
        "expires_s": decision["expires_s"],
        "policy": decision["policy"],
    }


def _whose_yes(decision: Mapping[str, Json]) -> list[dict[str, Json]]:
    """Who may say yes, whichever rule asks for it and in whatever order; the same people asked twice are asked once."""
    asked: dict[str, dict[str, Json]] = {}
    for one in who_may(decision):
        whose: dict[str, Json] = {
            "roles": sorted(one["roles"]),
            "people": sorted(one.get("people", ())),
            "not_requester": one["not_requester"],
            "needed": one.get("needed", 1),
        }
        asked[canonical(whose)] = whose
    return [asked[name] for name in sorted(asked)]


def who_may(decision: Mapping[str, Json]) -> list[dict[str, Json]]:
    """Who may say yes, by a decision as JSON: one entry for each yes that is needed."""
    if decision["verdict"] != "confirm":
        return []
    if "needs" in decision:
        return [dict(one) for one in decision["needs"]]
    return [dict(decision["confirmers"])]


def _utterance(basis: Basis) -> dict[str, Json]:
    """The words with the place of those that speak for the reading, in characters of the text."""
    start = basis.text.find(basis.words)
    place = [start, start + len(basis.words)] if start >= 0 and basis.words else None
    return {"message": basis.message, "text": basis.text, "place": place}


def _facts(proposal: Proposal, decision: Decision) -> list[dict[str, Json]]:
    """What was told of the records, what the rules looked at in them, and what the act would change."""
    basis, grounds = proposal.basis, decision.grounds
    read_at = json_value(grounds.seen.at) if grounds is not None else None
    found: dict[tuple[str, str], Json] = {}
    told: dict[tuple[str, str], str] = {}
    for number, (name, value) in enumerate(basis.facts):
        source = basis.sources[number] if number < len(basis.sources) else ""
        place = (source, _TOLD_FIELD.get(name, name) if source else name)
        found[place], told[place] = value, name
    for effect in proposal.plan.effects:
        if isinstance(effect, Update):
            found.setdefault((f"{effect.kind}:{effect.id}", effect.field), effect.old)
    for one in grounds.weighed if grounds is not None else ():
        for record in one.records:
            kind = record.partition(":")[0]
            for name, value in one.saw.items():
                if name.startswith(f"{kind}.") and is_plain(name, value):
                    found.setdefault((record, name.partition(".")[2]), value)
    return [
        {
            "record": record,
            "field": field,
            "value": value,
            "read_at": read_at,
            "changed_at": _changed_at(proposal.seen, record, field),
            **({"told": told[record, field]} if (record, field) in told else {}),
        }
        for (record, field), value in found.items()
    ]


def _changed_at(seen: Facts, record: str, field: str) -> Json:
    """When the field last changed, as far as the record itself knows."""
    kind, _, record_id = record.partition(":")
    one = seen.get(kind, record_id)
    return json_value(getattr(one, "stage_since", None)) if field == "stage" else None


def _passage(passage: Passage) -> dict[str, Json]:
    return {
        "hash": passage.id,
        "document": passage.document,
        "title": passage.title,
        "section": passage.section,
        "version": passage.version,
        "date": passage.date.isoformat(),
        "lang": passage.lang,
        "source": passage.source,
        "line": passage.line,
        "page": passage.page,
    }


def _rules(decision: Decision) -> list[dict[str, Json]]:
    """Every check and rule; those that some other part of the house added, from the reasons."""
    grounds = decision.grounds
    weighed = grounds.weighed if grounds is not None else ()
    of_policy = {reason.rule for reason in grounds.judged.reasons} if grounds is not None else set()
    known = {one.rule for one in weighed}
    others = [
        Weighed(reason.rule, "applied", reason.verdict, {name: one for name, one in reason.data.items() if name != "says"})
        for reason in decision.reasons
        if reason.rule not in known | {"policy_error"}
    ]
    return [
        *(_weighed_to_json(one) for one in weighed),
        *(_weighed_to_json(one) | ({} if one.rule in of_policy else {"beside_policy": True}) for one in others),
    ]


def _weighed_to_json(one: Weighed) -> dict[str, Json]:
    # what an applied rule saw stands among the reasons as well: nothing more is kept here than there
    is_told = one.outcome == "applied"
    saw = {name: value for name, value in one.saw.items() if is_told or is_plain(name, value)}
    kept: dict[str, Json] = {"rule": one.rule, "outcome": one.outcome, "verdict": one.verdict, "saw": saw}
    more = {
        "records": list(one.records),
        "missing": list(one.missing),
        "withheld": [name for name in one.saw if name not in saw],
        "pack": one.pack,
    }
    return kept | {name: value for name, value in more.items() if value}


def _seen(seen: Seen, is_on_roster: bool) -> dict[str, Json]:
    sight = _plain(seen.sight, is_on_roster)
    kept: dict[str, Json] = {"at": json_value(seen.at), "sight": sight}
    withheld = sorted(name for name in seen.sight if name not in sight and not _is_argument(name, is_on_roster))
    further = [_difference(sight, _plain(one, is_on_roster)) for one in seen.further[:MOST_FURTHER]]
    more = {"withheld": withheld, "further": further, "further_left_out": max(0, len(seen.further) - MOST_FURTHER)}
    return kept | {name: value for name, value in more.items() if value}


def _plain(sight: Sight, is_on_roster: bool) -> dict[str, Json]:
    return {
        name: seen_to_json(value)
        for name, value in sight.items()
        if is_plain(name, value) and not _is_argument(name, is_on_roster)
    }


def _difference(sight: Mapping[str, Json], other: Mapping[str, Json]) -> dict[str, Json]:
    """What is otherwise with a further record; None where it has nothing."""
    changed = {name: value for name, value in other.items() if name not in sight or sight[name] != value}
    return changed | {name: None for name in sight if name not in other}


def _is_argument(name: str, is_on_roster: bool) -> bool:
    """Arguments of the command stand in the entry of the proposal."""
    return is_on_roster and name.startswith("command.") and name != "command.name"


def is_plain(name: str, value: Any) -> bool:
    """Whether a value says nothing about a person that the record does not hold anyway."""
    if isinstance(value, list | tuple):
        return name == "speaker.team" and len(value) <= _MOST_OF_A_LIST
    if not isinstance(value, str) or "." not in name or name == "command.name" or name in choices_of():
        return True
    field = name.partition(".")[2]
    return value == "" or field in _PLAIN_TEXTS or field.endswith("_id")


def _act(proposal: Proposal) -> dict[str, Json]:
    """What the house's own checks look at: who asks, what it is about, in what measure."""
    plan, speaker = proposal.plan, proposal.requester
    concerned = {subject.owner_id for subject in plan.subjects} | {plan.measures.get("new_owner")}
    return {
        "command": proposal.command.name,
        "roles": sorted(proposal.command.roles),
        "requester": {
            "person_id": speaker.person_id,
            "role": speaker.role,
            "lang": speaker.lang,
            "region": speaker.region,
            "zone": speaker.zone,
            "manager_id": speaker.manager_id,
            "customer_id": speaker.customer_id,
            "team": sorted(one for one in speaker.team if one in concerned),
        },
        "subjects": [
            {field.name: getattr(one, field.name) for field in fields(one) if field.name != "title"} for one in plan.subjects
        ],
        "measures": {name: seen_to_json(value) for name, value in plan.measures.items()},
        "problem": plan.problem,
    }


# --- back ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Then:
    """What a past decision was made on: the act as far as the checks and rules look at it, what was seen, what was found.

    `judged` is what checks and rules alone said, where it came out otherwise.
    """

    proposal: Proposal
    seen: Seen
    weighed: tuple[Weighed, ...]
    withheld: frozenset[str]
    is_whole: bool
    judged: Mapping[str, Json] | None = None


@dataclass(frozen=True)
class _Command:
    """A command that can no longer be read, as far as the checks look at it."""

    name: str
    roles: frozenset[str]

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return ()

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        return Plan()


def then_from_json(proposal_id: str, kept: Mapping[str, Any], command: Json) -> Then:
    """What `basis_to_json` kept, to be judged again. Raises ValueError, in a sentence, where that cannot be."""
    if kept.get("version") != SHAPE:
        raise ValueError(f"its grounds are kept in the shape {kept.get('version')}, and only {SHAPE} can be read")
    if "seen" not in kept:
        raise ValueError("it was not decided by the policy, so there is nothing to judge again")
    act, seen = kept["act"], kept["seen"]
    proposal = Proposal(
        id=proposal_id,
        command=_command(act, command),
        plan=Plan(
            subjects=tuple(Subject(**{"title": "", **one}) for one in act["subjects"]),
            measures={name: float(one) if one in ("inf", "nan", "-inf") else one for name, one in act["measures"].items()},
            problem=act["problem"],
        ),
        requester=Speaker(**{**act["requester"], "name": "", "team": frozenset(act["requester"]["team"])}),
        basis=basis_from_json(kept),
        digest="",
    )
    arguments = command_values(proposal.command) if not isinstance(proposal.command, _Command) else {}
    sight = {**sight_from_json(seen["sight"]), **arguments}
    further = tuple(
        {name: value for name, value in (sight | sight_from_json(one)).items() if value is not None}
        for one in seen.get("further", ())
    )
    return Then(
        proposal=proposal,
        seen=Seen(datetime.fromisoformat(seen["at"]), sight, further),
        weighed=tuple(weighed_from_json(one) for one in kept["rules"] if not one.get("beside_policy")),
        withheld=frozenset(seen.get("withheld", ())),
        is_whole=not seen.get("further_left_out"),
        judged=kept.get("judged"),
    )


def _command(act: Mapping[str, Any], command: Json) -> Any:
    try:
        made = command_from_json(command)
    except ValueError:
        return _Command(act["command"], frozenset(act["roles"]))
    return made


def weighed_from_json(one: Mapping[str, Any]) -> Weighed:
    return Weighed(
        rule=one["rule"],
        outcome=one["outcome"],
        verdict=one["verdict"],
        saw=one["saw"],
        records=tuple(one.get("records", ())),
        missing=tuple(one.get("missing", ())),
        pack=one.get("pack", ""),
    )


def basis_from_json(kept: Mapping[str, Any]) -> Basis:
    """The basis as it can be shown again; a passage has its place and hash, not its words."""
    said, read = kept["utterance"], kept["reading"]
    place = said["place"]
    told = [one for one in kept["facts"] if "told" in one]
    return Basis(
        text=said["text"],
        intent=read["intent"],
        confidence=read["probability"],
        alternatives=tuple(Candidate(one["intent"], one["probability"]) for one in read["runners_up"]),
        facts=tuple((one["told"], one["value"]) for one in told),
        passages=tuple(_passage_from_json(one) for one in kept["passages"]),
        model=kept["versions"]["model"],
        message=said["message"],
        evidence=said["text"][place[0] : place[1]] if place else "",
        sources=tuple(one["record"] for one in told),
        dictionary=kept["versions"]["dictionary"],
        ranked=tuple(_next_step_from_json(one) for one in kept.get("next_steps", ())),
    )


def _passage_from_json(one: Mapping[str, Any]) -> Passage:
    return Passage(
        id=one["hash"],
        document=one["document"],
        title=one["title"],
        section=one["section"],
        lang=one["lang"],
        text="",
        version=one["version"],
        date=date.fromisoformat(one["date"]),
        owner="",
        audience=frozenset(),
        intents=frozenset(),
        source=one["source"],
        line=one["line"],
        page=one["page"],
    )
