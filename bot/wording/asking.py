"""Whom a question asks and how it stands, in words: for the card that asks and the reply that says what it waits for."""

from collections.abc import Mapping, Sequence
from typing import Any

from actions.proposal import Confirmers, Decision, Need, Plan, Proposal
from bot.standing import Names, Standing
from bot.wording.changes import changed_field, currencies
from bot.wording.deeds import deed_name
from bot.wording.fill import Voice

_TAKEN_BACK_OTHERWISE = frozenset({"undo", "submit_approval"})
"""An undo is done again by hand; what was handed in is withdrawn, by the button beside it."""


def asked_deed(proposal: Proposal, voice: Voice) -> str:
    """What would be done; taking something back is told as that."""
    name = deed_name(proposal, voice)
    return voice.say("card.taking_back", {"deed": name}) if proposal.command.name == "undo" else name


def called(person_id: str | None, names: Names, voice: Voice) -> str:
    return names.get(person_id or "", {}).get(voice.lang) or person_id or ""


def everyone_asked(needs: Sequence[Need], names: Names, voice: Voice) -> str:
    """Who must say yes: one of these, and one of those."""
    told = list(dict.fromkeys(_asked(need.confirmers, names, voice) for need in needs))
    return voice.say("card.each_of", {"first": told[0], "rest": voice.join(told[1:])}) if len(told) > 1 else "".join(told)


def _asked(confirmers: Confirmers, names: Names, voice: Voice) -> str:
    if not confirmers.not_requester and not confirmers.roles and not confirmers.people:
        return voice.say("card.yourself")
    roles = confirmers.roles | {"director"} if "manager" in confirmers.roles else confirmers.roles  # who may what they may
    offices = [voice.word("role", role) for role in nearest_first(roles)]
    people = [called(one, names, voice) for one in sorted(confirmers.people)]
    who = voice.either([*people, *offices])
    return voice.say("card.several", {"count": confirmers.needed, "who": who}) if confirmers.needed > 1 else who


def nearest_first(roles: frozenset[str]) -> list[str]:
    """The manager before the director: whoever is asked first."""
    return sorted(roles, key=lambda role: (role == "legal", role == "director", role))


def progress(standing: Standing, voice: Voice) -> list[str]:
    """Who has said yes and who is waited for, once somebody has."""
    if not standing.said:
        return []
    said = voice.join([f"{called(one, standing.names, voice)} ✓" for one in standing.said])
    missing = everyone_asked(standing.missing, standing.names, voice)
    told = {"met": standing.met, "needed": standing.needed, "said": said, "missing": missing}
    return [voice.say("card.progress", told)]


def changed_by(edited: Mapping[str, Any] | None, names: Names, plan: Plan, voice: Voice) -> list[str]:
    """Who changed what before it was asked again."""
    if edited is None:
        return []
    lines = changed_arguments(edited["changes"], plan, voice)
    return [voice.say("card.edited", {"by": called(edited["by"], names, voice), "changes": voice.then(lines)})]


def changed_arguments(changes: Sequence[Mapping[str, Any]], plan: Plan, voice: Voice) -> list[str]:
    money = currencies(plan)
    return [changed_field(one["field"], one["old"], one["new"], voice, (money[1], money[1])) for one in changes]


def finality(proposal: Proposal, voice: Voice) -> list[str]:
    """Said before and after what cannot be taken back."""
    has_a_way_back = proposal.plan.inverse is not None or proposal.command.name in _TAKEN_BACK_OTHERWISE
    is_final = not has_a_way_back and bool(proposal.plan.effects)
    return [voice.say("card.final")] if is_final else []


def stood_in(stand_ins: Sequence[Mapping[str, Any]], names: Names, voice: Voice) -> list[str]:
    """Who has left, and who is asked in their place."""
    told = []
    for one in stand_ins:
        who = called(one["person"], names, voice) if one["person"] else voice.word("role", one["office"])
        told.append(voice.say("card.stand_in", {"gone": called(one["gone"], names, voice), "who": who}))
    return told


def hours(decision: Decision) -> int:
    return max(1, round(decision.expires_in.total_seconds() / 3600))
