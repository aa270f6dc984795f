"""A past decision put to another policy: what the policy saw then, from the record, and how the verdicts differ.

Only thinks: reading the record is decided.py, and nothing of it is ever carried out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from actions.decide import decide_on, see_again
from actions.decided import Decided
from actions.grounds import Then, judgement, then_from_json
from actions.policy.policy import Policy
from actions.proposal import Decision, Json, Weighed
from actions.proposal_json import decision_to_json


@dataclass(frozen=True)
class Changed:
    """A rule whose finding is otherwise. None: the policy does not have it."""

    rule: str
    before: str | None
    after: str | None
    saw: Mapping[str, Json]


@dataclass(frozen=True)
class Replayed:
    """A decision then and now, as the policy judges it: who is here to answer, and what was agreed to before, is left aside.

    `not_kept` are values that today's rules ask for and the record does not hold."""

    proposal_id: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    changed: tuple[Changed, ...]
    weighed: tuple[Weighed, ...]
    not_kept: tuple[str, ...] = ()
    is_whole: bool = True

    @property
    def is_same(self) -> bool:
        """Whether verdict, those who may say yes, and how long it waits are what they were."""
        return all(self.before[name] == self.after[name] for name in ("verdict", "approvers", "expires_s"))

    def to_json(self) -> dict[str, Json]:
        return {
            "id": self.proposal_id,
            "is_same": self.is_same,
            "before": dict(self.before),
            "after": dict(self.after),
            "rules": [{**vars(one), "saw": dict(one.saw)} for one in self.changed],
            "not_kept": list(self.not_kept),
            "is_whole": self.is_whole,
        }


def replay(past: Decided, policy: Policy, then_policy: Policy | None) -> Replayed:
    """The decision under `policy`. `then_policy` is the version that decided, where it is still kept.

    Where a rule stands there word for word and looked at values that the record withholds, what it found then counts.
    Raises ValueError, in a sentence, where the record does not hold enough.
    """
    if past.basis is None:
        raise ValueError("it was decided before the record kept what a policy saw")
    then = then_from_json(past.proposal_id, past.basis, past.command)
    seen = see_again(then.proposal, policy, replace(then.seen, known=_known(then, policy, then_policy)))
    decision = decide_on(then.proposal, policy, seen)
    return compared(past, then, decision)


def compared(past: Decided, then: Then, decision: Decision) -> Replayed:
    """What is otherwise."""
    weighed = decision.grounds.weighed if decision.grounds is not None else ()
    before = {one.rule: one for one in then.weighed}
    # a finding about a rule that could not be evaluated is told under the rule's own name
    after = {one.rule: one for one in weighed}
    for reason in decision.reasons:
        if reason.rule != "policy_error" and reason.rule not in after:
            after[reason.rule] = Weighed(reason.rule, "applied", reason.verdict, reason.data)
    changed = tuple(
        Changed(rule, _found(before.get(rule)), _found(after.get(rule)), (after.get(rule) or before[rule]).saw)
        for rule in dict.fromkeys((*before, *after))
        if _differs(before.get(rule), after.get(rule))
    )
    not_kept = {name for one in weighed if one.outcome == "unknown" for name in one.missing if name in then.withheld}
    return Replayed(
        past.proposal_id,
        then.judged or judgement(past.decision),
        judgement(decision_to_json(decision)),
        changed,
        tuple(weighed),
        tuple(sorted(not_kept)),
        then.is_whole,
    )


def _known(then: Then, policy: Policy, then_policy: Policy | None) -> dict[str, Weighed]:
    if then_policy is None:
        return {}
    found = {one.rule: one for one in then.weighed}
    texts = {rule.id: rule.when.text for rule in then_policy.rules}
    return {
        rule.id: found[rule.id]
        for rule in policy.rules
        if rule.when.names & then.withheld and rule.id in found and texts.get(rule.id) == rule.when.text
    }


def _found(one: Weighed | None) -> str | None:
    if one is None:
        return None
    return f"{one.outcome}: {one.verdict}" if one.outcome == "applied" else one.outcome


def _differs(before: Weighed | None, after: Weighed | None) -> bool:
    if before is None or after is None:
        # a rule that is new, or gone, and would not have applied, changed nothing
        return (before or after).outcome != "not_applied"  # type: ignore[union-attr]  # one of them is there
    return _found(before) != _found(after)
