"""`parley policy explain`: one decision in words, every rule with its outcome and what it saw."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from actions.decide import combine
from actions.decided import decided, look_up
from actions.grounds import basis_from_json, weighed_from_json, who_may
from actions.outside.store import Store, Tx
from actions.policy.cases import read_facts
from actions.policy.policy import Policy
from actions.policy.weigh import weigh
from actions.proposal import Basis, Decision, Json, Weighed
from actions.proposal_json import decision_from_json, decision_to_json
from actions.rulebook import policy_at
from bot.phrase import phrase_reason
from bot.why import kept_of
from bot.wording.fill import Voice
from bot.wording.grounds import Kept, approvers
from bot.wording.quotes import source
from bot.wording.sentences import Language

_HEADS = {"run": "explain.run", "confirm": "explain.confirm", "refuse": "explain.refuse"}
_ORDER = {"applied": 0, "unknown": 1, "not_applied": 2}


async def explain_decision(store: Store, name: str, lang: Language, zone: str) -> tuple[list[str], list[Json]]:
    """The decisions that an id means (a proposal, a deed, a message): as lines to read, and as JSON. Raises ValueError."""
    try:
        await store.migrate()
        async with store.read() as tx:
            found = [await _explained(tx, one, Voice(lang, zone)) for one in await look_up(tx, name)]
    finally:
        await store.close()
    if not found:
        raise ValueError(f"the record has no decision for {name}")
    return [line for lines, _ in found for line in lines], [one for _, one in found]


async def explain_facts(store: Store, file: Path, policy: Path, lang: Language) -> tuple[list[str], list[Json]]:
    """What the policy in force says of the facts in a file, written as those of a case. Raises ValueError."""
    try:
        await store.migrate()
        judge = await policy_at(store, policy)
    finally:
        await store.close()
    decision, weighed = judged(read_facts(file), judge)
    voice = Voice(lang)
    may = who_may(decision_to_json(decision))
    head = voice.say(_HEADS[decision.verdict], {"id": file.name, "policy": decision.policy})
    kept = Kept(may=may)
    lines = [head, *_said(decision, weighed, kept, voice), *_open(decision, voice)]
    rules = [{**vars(one), "saw": dict(one.saw)} for one in weighed]
    return lines, [{"verdict": decision.verdict, "rules": rules, "approvers": may, "policy": decision.policy}]


def judged(case: Any, policy: Policy) -> tuple[Decision, tuple[Weighed, ...]]:
    """The decision on the facts of a case. Raises ValueError where there is no rate for its currency."""
    seen = case.see(policy)
    if seen is None:
        raise ValueError(f"{case.place}: there is no rate for {case.currency} on {case.at.date()}")
    put = weigh(policy, seen)
    decision = combine([one.finding for one in put if one.finding is not None], policy.version)
    return decision, tuple(one.weighed for one in put)


async def _explained(tx: Tx, proposal_id: str, voice: Voice) -> tuple[list[str], Json]:
    past = await decided(tx, proposal_id)
    assert past is not None  # it was looked up a moment ago
    decision = decision_from_json(dict(past.decision))
    kept = await kept_of(tx, proposal_id)
    weighed = tuple(weighed_from_json(one) for one in past.basis["rules"]) if past.basis is not None else ()
    told = {"id": proposal_id, "policy": decision.policy}
    lines = [voice.say(_HEADS[decision.verdict], told), voice.say("explain.at", {"at": past.at})]
    if past.ended is not None:
        lines.append(voice.say("explain.ended", {"state": past.ended}))
    lines += _said(decision, weighed, kept, voice)
    if past.basis is None:
        lines.append(voice.say("explain.old"))
    else:
        lines += _rests_on(basis_from_json(past.basis), past.to_json() or {}, voice)
    return lines, past.to_json() or {"id": proposal_id, **past.decision}


def _said(decision: Decision, weighed: Sequence[Weighed], kept: Kept, voice: Voice) -> Iterator[str]:
    """Why it fell so, every rule, and who may say yes or has."""
    if decision.reasons:
        yield voice.say("explain.because", {"reason": phrase_reason(decision.reasons[0], voice)})
    says = {one.rule: phrase_reason(one, voice) for one in decision.reasons}
    for one in sorted(weighed, key=lambda one: _ORDER[one.outcome]):
        yield "  " + _rule(one, says.get(one.rule, ""), voice)
    if who := approvers(kept, voice):
        yield who


def _rule(one: Weighed, says: str, voice: Voice) -> str:
    saw = ", ".join(f"{name} = {_shown(value)}" for name, value in one.saw.items() if name != "says")
    missing = ", ".join(one.missing)
    parts = [
        f"{voice.word('outcome', one.outcome)} {one.rule}",
        f"→ {one.verdict}" if one.outcome == "applied" else "",
        f"“{says}”" if says else "",
        f"[{saw}]" if saw else "",
        voice.say("explain.missing", {"names": missing}) if one.outcome == "unknown" else "",
        f"({', '.join(one.records)})" if one.records else "",
    ]
    return " ".join(part for part in parts if part)


def _shown(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _rests_on(basis: Basis, whole: Mapping[str, Any], voice: Voice) -> Iterator[str]:
    if basis.intent:
        runners = ", ".join(f"{one.intent} {one.confidence:.2f}" for one in basis.alternatives)
        read = voice.say("explain.reading", {"intent": basis.intent, "sure": f"{basis.confidence:.2f}"})
        yield f"{read} ({runners})" if runners else read
    for one in whole.get("facts", ()):
        place = f"{one['record']} {one['field']}".strip()
        told = voice.say("explain.fact", {"place": place, "value": _shown(one["value"]), "at": one["changed_at"]})
        yield "  " + (told or f"{place} = {_shown(one['value'])}")
    for passage in basis.passages:
        yield f"  {source(passage, voice)} ({passage.id[:12]})"


def _open(decision: Decision, voice: Voice) -> list[str]:
    if decision.verdict != "confirm":
        return []
    return [voice.say("explain.open", {"hours": f"{decision.expires_in / timedelta(hours=1):g}"})]
