"""What becomes different between two policies, one line a change: for whoever switches a pack on or off, and the record."""

from collections.abc import Iterable
from itertools import chain

from actions.policy.contradictions import thresholds
from actions.policy.packs import Pack
from actions.policy.policy import Policy, Rule
from actions.proposal import SEVERITY


def changes(before: Policy, after: Policy) -> list[str]:
    """Rules added, taken out, overridden with their thresholds before and after, texts, purposes, retention."""
    return [*_rules(before, after), *_kept(before.packs, after.packs)]


def _rules(before: Policy, after: Policy) -> Iterable[str]:
    was = {rule.id: rule for rule in before.rules}
    now = {rule.id: rule for rule in after.rules}
    stands_for = {rule.overrides: rule for rule in after.rules if rule.overrides and rule.id not in was}
    stood_for = {rule.overrides: rule for rule in before.rules if rule.overrides and rule.id not in now}
    for rule in before.rules:
        if rule.id in stands_for:
            yield from _rule_changes(rule, stands_for[rule.id])
        elif rule.id not in now and rule.overrides not in now:
            yield f"- rule {rule.id} ({rule.verdict}): {_tidy(rule)}"
    for rule in after.rules:
        if rule.id in was:
            yield from _rule_changes(was[rule.id], rule)
        elif rule.id in stood_for:
            yield from _rule_changes(stood_for[rule.id], rule)
        elif rule is not stands_for.get(rule.overrides):
            yield f"+ rule {rule.id} ({rule.verdict}): {_tidy(rule)}"


def _rule_changes(before: Rule, after: Rule) -> Iterable[str]:
    found = list(chain(_of_condition(before, after), _of_verdict(before, after)))
    if found:
        how = "overridden" if after.overrides else "as it was again" if before.overrides else "changed"
        named = before.id if before.id == after.id else f"{before.id}, now {after.id}"
        yield f"~ rule {named} ({how}{', MILDER' if _is_milder(before, after) else ''})"
        yield from (f"    {line}" for line in found)
    if before.says != after.says:
        for lang in sorted({*before.says, *after.says}):
            old, new = (rule.says.get(lang, "(the house's own words)") for rule in (before, after))
            yield f"~ text of {after.id} ({lang}): {old} -> {new}"


def _is_milder(before: Rule, after: Rule) -> bool:
    """Whether the verdict falls, or a rule that asks or refuses begins later; where a condition is another one altogether,
    nobody can tell, and it is shown whole."""
    if SEVERITY[after.verdict] < SEVERITY[before.verdict]:
        return True
    (old_form, old), (new_form, new) = thresholds(before.when.text), thresholds(after.when.text)
    if after.verdict == "run" or old_form != new_form or old.keys() != new.keys():
        return False
    return any(new[name] < old[name] if "<" in name else new[name] > old[name] for name in old)


def _of_condition(before: Rule, after: Rule) -> Iterable[str]:
    if _tidy(before) == _tidy(after):
        return
    (old_form, old), (new_form, new) = thresholds(before.when.text), thresholds(after.when.text)
    if old_form == new_form and old.keys() == new.keys():
        yield from (f"{name} {old[name]:,.10g} -> {new[name]:,.10g}" for name in old if old[name] != new[name])
    else:
        yield f"when: {_tidy(before)} -> {_tidy(after)}"


def _of_verdict(before: Rule, after: Rule) -> Iterable[str]:
    if before.verdict != after.verdict:
        yield f"verdict: {before.verdict} -> {after.verdict}"
    if after.verdict != "confirm":
        return
    if before.verdict != "confirm" or before.confirmers != after.confirmers:
        yield f"confirmers: {_who(before)} -> {_who(after)}"
    if before.expires_in != after.expires_in:
        old, new = (rule.expires_in.total_seconds() / 3600 for rule in (before, after))
        yield f"open for: {old:g} h -> {new:g} h"
    if before.on_expiry != after.on_expiry:
        yield f"when nobody answers: {before.on_expiry} -> {after.on_expiry}"


def _kept(before: Iterable[Pack], after: Iterable[Pack]) -> Iterable[str]:
    was, now = {pack.name: pack for pack in before}, {pack.name: pack for pack in after}
    for sign, packs, others in (("-", was, now), ("+", now, was)):
        for name, pack in packs.items():
            if name not in others:
                yield from (f"{sign} {line}" for line in _of_pack(pack))


def _of_pack(pack: Pack) -> Iterable[str]:
    for purpose in pack.purposes:
        until = "until revoked" if purpose.expires_days is None else f"for {purpose.expires_days} days"
        yield f"purpose {purpose.id}: {purpose.title['en']} (on the ground of {purpose.basis}, {until})"
    for one in pack.retention:
        yield f"retention of {one.kind}: {one.keep_days} days ({one.why})"
    for key, says in pack.texts.items():
        if not key.startswith("rule."):
            yield f"text {key}: {says['en']}"


def _who(rule: Rule) -> str:
    asked = rule.confirmers
    names = [*sorted(asked.roles), *sorted(asked.people), *(() if asked.not_requester else ("whoever asks",))]
    told = " or ".join(names) or "nobody"
    return told if asked.needed == 1 else f"{asked.needed} of {told}"


def _tidy(rule: Rule) -> str:
    return " ".join(rule.when.text.split())
