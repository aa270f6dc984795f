"""Every rule put to what was seen, with what it found: also those that do not apply or cannot be evaluated."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from actions.policy.fields import RECORDS, Sight, seen_to_json
from actions.policy.policy import OFFICES, Finding, Policy, Rule
from actions.proposal import Confirmers, Reason, Seen, Weighed


@dataclass(frozen=True)
class Put:
    """What became of one rule: for the record, and for the decision where it has a say."""

    weighed: Weighed
    finding: Finding | None


def weigh(policy: Policy, seen: Seen) -> tuple[Put, ...]:
    """Put every rule to it, in the order of the files; a rule that looks at records to each of them. Never raises."""
    return tuple(_put(rule, seen) for rule in policy.rules)


def weighed_check(name: str, reason: Reason | None) -> Weighed:
    """A check of the house's own, which only ever refuses."""
    if reason is None:
        return Weighed(name, "not_applied", "refuse")
    return Weighed(name, "applied", reason.verdict, reason.data)


def _put(rule: Rule, seen: Seen) -> Put:
    if rule.id in seen.known:
        return _known(rule, seen.known[rule.id])
    found: Finding | None = None
    found_in: Sight = seen.sight
    for sight in (seen.sight, *(seen.further if rule.looks_at_records else ())):
        finding = rule.judge(sight)
        if finding is not None and (found is None or finding.reason.rule == rule.id):
            found, found_in = finding, sight
        if finding is not None and finding.reason.rule == rule.id:
            break
    if found is None:
        return Put(_weighed(rule, "not_applied", found_in), None)
    if found.reason.rule != rule.id:
        return Put(_weighed(rule, "unknown", found_in), found)
    return Put(_weighed(rule, "applied", found_in, found.reason.data), found)


def _known(rule: Rule, then: Weighed) -> Put:
    """What the rule found at an earlier time, with what it says today."""
    weighed = replace(then, verdict=rule.verdict, pack=rule.pack)
    if then.outcome == "not_applied":
        return Put(weighed, None)
    if then.outcome == "unknown":
        asks = Reason("policy_error", "confirm", {"rule": rule.id})
        return Put(weighed, Finding(asks, Confirmers(OFFICES), rule.expires_in))
    return Put(weighed, Finding(Reason(rule.id, rule.verdict, then.saw), rule.confirmers, rule.expires_in))


def _weighed(rule: Rule, outcome: Any, sight: Sight, data: Mapping[str, Any] | None = None) -> Weighed:
    saw = {name: value for name, value in data.items() if name != "says"} if data is not None else _saw(rule, sight)
    kinds = {name.partition(".")[0] for name in rule.seen if "." in name} & RECORDS.keys()
    records = tuple(f"{kind}:{sight[f'{kind}.id']}" for kind in sorted(kinds) if f"{kind}.id" in sight)
    missing = tuple(name for name in rule.seen if name not in sight)
    return Weighed(rule.id, outcome, rule.verdict, saw, records, missing, rule.pack)


def _saw(rule: Rule, sight: Sight) -> dict[str, Any]:
    return {name: seen_to_json(sight[name]) for name in rule.seen if name in sight}
