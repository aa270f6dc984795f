"""The thresholds as data: policy files read strictly, and judged rule by rule; decide.py asks it.

Expressions are CEL, checked against typed names when the files are loaded, so a misspelt one never waits for the day on
which it would have mattered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any, get_args

import yaml

from actions.policy.dispatch import DispatchTemplate, shipped_dispatch
from actions.policy.expression import Compiler, Condition
from actions.policy.fields import RECORDS, VARIABLES, Sight, choices_of, seen_to_json, types_of
from actions.policy.files import SHIPPED_POLICY, Files, files_at
from actions.policy.hours import Hours
from actions.policy.packs import Pack, is_said, read_pack
from actions.policy.rates import Rates
from actions.policy.recordings import RecordingRules, shipped_recordings
from actions.policy.reviews import Reviews, shipped_reviews
from actions.proposal import Confirmers, OnExpiry, Reason, Verdict

OFFICES = frozenset({"manager", "director", "legal"})
"""Who a rule may name as confirmers."""
MAX_HOURS = 24 * 30
MOST_NEEDED = 9
"""More different people than that never look at one thing."""
_KEYS = frozenset({"id", "when", "verdict", "confirmers", "expires_hours", "on_expiry", "says", "overrides"})


@dataclass(frozen=True)
class Finding:
    """What one rule says about a proposal: its reason, and for a confirm who may say yes and for how long."""

    reason: Reason
    confirmers: Confirmers = field(default_factory=Confirmers)
    expires_in: timedelta = timedelta(hours=24)
    on_expiry: OnExpiry = "escalate"


@dataclass(frozen=True)
class Rule:
    """One rule of a file, its expression compiled. `seen` are the names it mentions, told with the reason.

    `says` explains it in a reader's language where the house's own wording does not. `pack` is the pack it comes from,
    `overrides` the rule in whose place it stands, `place` its file and line.
    """

    id: str
    when: Condition
    seen: tuple[str, ...]
    verdict: Verdict
    confirmers: Confirmers
    expires_in: timedelta
    on_expiry: OnExpiry = "escalate"
    says: Mapping[str, str] = field(default_factory=dict)
    pack: str = ""
    overrides: str = ""
    place: str = ""

    def judge(self, sight: Sight) -> Finding | None:
        """None where the rule does not apply. A rule that cannot be evaluated asks a person: silence is no yes."""
        value = self.when.holds(sight)
        if value is False:
            return None
        if value is not True:
            return Finding(Reason("policy_error", "confirm", {"rule": self.id}), Confirmers(OFFICES), self.expires_in)
        return Finding(Reason(self.id, self.verdict, self._saw(sight)), self.confirmers, self.expires_in, self.on_expiry)

    def judge_each(self, sights: Sequence[Sight]) -> Finding | None:
        """What it says where an act has several records: it applies when it applies to one of them."""
        cannot = None
        for sight in sights:
            finding = self.judge(sight)
            if finding is not None and finding.reason.rule != "policy_error":
                return finding
            cannot = cannot or finding
        return cannot

    @cached_property
    def looks_at_records(self) -> bool:
        return any(name.split(".")[0].removeprefix("has_") in RECORDS for name in self.when.names)

    def _saw(self, sight: Sight) -> dict[str, Any]:
        saw = {name: seen_to_json(sight[name]) for name in self.seen if name in sight}
        if "amount_cny" in self.seen and sight.get("currency", "CNY") not in ("", "CNY") and "rates_day" in sight:
            saw |= {name: seen_to_json(sight[name]) for name in ("currency", "rates_day", "rates_age_days") if name in sight}
            if sight.get("rates_are_stale") is True:
                saw["rates_are_stale"] = True
        if "people_year" in self.seen:
            saw |= {name: seen_to_json(sight[name]) for name in ("destination", "people_destination") if name in sight}
        return saw | ({"says": dict(self.says)} if self.says else {})


@dataclass(frozen=True)
class Policy:
    """The rules in force, what they count with, and the packs switched on. `version` is a hash of all their texts."""

    rules: tuple[Rule, ...]
    rates: Rates
    version: str
    hours: Hours
    packs: tuple[Pack, ...] = ()
    reviews: Reviews = field(default_factory=shipped_reviews)
    recordings: RecordingRules = field(default_factory=shipped_recordings)
    dispatch: DispatchTemplate = field(default_factory=shipped_dispatch)

    @classmethod
    def load(cls, path: Path = SHIPPED_POLICY) -> "Policy":
        """Read a policy file, or all of a folder, with the rates and hours beside it or else the shipped ones.

        Raises ValueError listing every problem, one a line, each with its file and line number.
        """
        return cls.read(files_at(path))

    @classmethod
    def read(cls, files: Files) -> "Policy":
        """The policy that these texts are, packs among them. Raises ValueError, and nothing else, as `load` does."""
        problems: list[str] = []
        rules: list[Rule] = []
        for name in files.rules():
            _gather(rules, _Reader(files.place(name)), files.texts[name], problems)
        packs: list[Pack] = []
        for name in files.packs():
            own = files.of_pack(name)
            try:
                packs.append(read_pack(name, own))
            except ValueError as error:
                problems.append(str(error))
            if "policy.yaml" in own.texts:
                _gather(rules, _Reader(own.place("policy.yaml"), name), own.texts["policy.yaml"], problems)
        rates = _part(lambda: Rates.read(files.texts["rates.yaml"], files.place("rates.yaml")), problems)
        hours = _part(
            lambda: Hours.read(
                files.texts["hours.yaml"],
                files.texts["holidays.yaml"],
                files.place("hours.yaml"),
                files.place("holidays.yaml"),
            ),
            problems,
        )
        reviews = _part(lambda: _reviews(files), problems)
        recordings = _part(lambda: _recordings(files), problems)
        dispatch = _part(lambda: _dispatch(files), problems)
        merged = _merged(rules, packs, problems)
        if problems:
            raise ValueError("\n".join(problems))
        return cls(merged, rates, files.version, hours, tuple(packs), reviews, recordings, dispatch)

    @cached_property
    def looks_at_records(self) -> bool:
        """Whether any rule does: else the records after the first need not be shown."""
        return any(rule.looks_at_records for rule in self.rules)

    def judge(self, sight: Sight, *further: Sight) -> tuple[Finding, ...]:
        """What every rule that applies says, in the order of the files. Never raises.

        `further` are the sights with the act's other records in place of the first: a rule that looks at records is put
        to each of them.
        """
        each = (sight, *further)
        found = (rule.judge_each(each) if further and rule.looks_at_records else rule.judge(sight) for rule in self.rules)
        return _with_faults_as_one([finding for finding in found if finding is not None])


def _with_faults_as_one(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings, with all rules that could not be worked out in one reason: one thing missing can stop several."""
    faults = [finding for finding in found if finding.reason.rule == "policy_error"]
    if len(faults) < 2:
        return tuple(found)
    rules = ", ".join(fault.reason.data["rule"] for fault in faults)
    reason = replace(faults[0].reason, data={"rule": rules})
    one = replace(faults[0], reason=reason, expires_in=min(fault.expires_in for fault in faults))
    return (*(finding for finding in found if finding not in faults), one)


def _part(read: Any, problems: list[str]) -> Any:
    try:
        return read()
    except ValueError as error:
        problems.append(str(error))
        return None


def _reviews(files: Files) -> Reviews:
    """Versions from before there were reviews have none of their own."""
    text = files.texts.get("reviews.yaml")
    return shipped_reviews() if text is None else Reviews.read(text, files.place("reviews.yaml"))


def _recordings(files: Files) -> RecordingRules:
    text = files.texts.get("recordings.yaml")  # a version kept from before there were any has none
    return shipped_recordings() if text is None else RecordingRules.read(text, files.place("recordings.yaml"))


def _dispatch(files: Files) -> DispatchTemplate:
    text = files.texts.get("dispatch.yaml")  # as above
    return shipped_dispatch() if text is None else DispatchTemplate.read(text, files.place("dispatch.yaml"))


def _gather(rules: list[Rule], reader: "_Reader", text: str, problems: list[str]) -> None:
    try:
        rules += reader.read(text)
    except ValueError as error:
        problems.append(str(error))


def _merged(rules: Sequence[Rule], packs: Sequence[Pack], problems: list[str]) -> tuple[Rule, ...]:
    """The rules of the house and of its packs as one list: an override stands where the overridden rule stood."""
    found = [rule for rule in rules if not rule.overrides]
    for rule in rules:
        if not rule.overrides:
            continue
        where = f"{rule.place}: rule {rule.id}"
        at = next((number for number, other in enumerate(found) if rule.overrides in (other.id, other.overrides)), None)
        if at is None:
            problems.append(f"{where}: there is no rule {rule.overrides} to override")
        elif found[at].pack:
            problems.append(f"{where}: {rule.overrides} belongs to the pack {found[at].pack} already")
        else:
            found[at] = rule
    ids = [rule.id for rule in found]
    for number, rule in enumerate(found):
        if rule.id in ids[:number]:
            also = next(other.place for other in found if other.id == rule.id)
            how = f" (to stand in its place, it says overrides: {rule.id})" if rule.pack else ""
            problems.append(f"{rule.place}: rule {rule.id}: this id is there twice, first at {also}{how}")
    for pack in packs:
        for key, says in pack.texts.items():
            rule_id = key.removeprefix("rule.")
            if rule_id == key:
                continue
            if rule_id not in ids:
                problems.append(f"{pack.place}: texts: there is no rule {rule_id}")
            found = [replace(rule, says=says) if rule.id == rule_id else rule for rule in found]
    return tuple(found)


@cache
def compiler() -> Compiler:
    """Of conditions over everything that a rule may look at."""
    return Compiler(types_of(), choices_of())


class _Reader:
    """Reads a policy file node by node, so that each problem can be told with its line."""

    def __init__(self, file: str, pack: str = "") -> None:
        self.file = file
        self.pack = pack
        self.problems: list[str] = []
        self.compiler = compiler()

    def read(self, text: str) -> tuple[Rule, ...]:
        rules: list[Rule] = []
        for node in self._rule_nodes(text):
            rule = self._rule(node)
            if rule is not None and any(other.id == rule.id for other in rules):
                self._note(node, f"rule {rule.id}: this id is there twice")
            elif rule is not None:
                rules.append(rule)
        if self.problems:
            raise ValueError("\n".join(self.problems))
        return tuple(rules)

    def _rule_nodes(self, text: str) -> list[yaml.Node]:
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except (yaml.YAMLError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            self.problems.append(f"{self.file}:{mark.line + 1 if mark else 1}: not valid YAML")
            return []
        if isinstance(root, yaml.MappingNode) and len(root.value) == 1:
            key, value = root.value[0]
            if key.value == "rules" and isinstance(value, yaml.SequenceNode):
                return list(value.value)
        self.problems.append(f"{self.file}:1: a policy is a list under the one key rules")
        return []

    def _rule(self, node: yaml.Node) -> Rule | None:
        try:
            data = yaml.SafeLoader("").construct_document(node)
        except (yaml.MarkedYAMLError, ValueError, RecursionError) as error:
            line = (getattr(error, "problem_mark", None) or node.start_mark).line + 1
            self.problems.append(f"{self.file}:{line}: not valid YAML (an expression that begins with ! needs quotes)")
            return None
        if not isinstance(data, dict) or not isinstance(data.get("id"), str) or not data["id"].isidentifier():
            self._note(node, "a rule needs an id made of letters, digits and _")
            return None
        before = len(self.problems)
        where = f"rule {data['id']}"
        for key in data.keys() - _KEYS:
            self._note(node, f"{where}: there is no such key as {key}", key)
        when = self._condition(node, where, data.get("when"))
        verdict: Any = data.get("verdict")
        if verdict not in get_args(Verdict):
            self._note(node, f"{where}: verdict is confirm, refuse or run", "verdict")
        try:
            confirmers = self._confirmers(node, where, data)
        except TypeError:  # a list or a mapping where a name is wanted
            self._note(node, f"{where}: confirmers are written with names alone", "confirmers")
            confirmers = Confirmers()
        hours = data.get("expires_hours", 24)
        if isinstance(hours, bool) or not isinstance(hours, int | float) or not 0 < hours <= MAX_HOURS:
            self._note(node, f"{where}: expires_hours is a number above 0, at most {MAX_HOURS}", "expires_hours")
        says = self._says(node, where, data.get("says"))
        overrides = data.get("overrides", "")
        if "overrides" in data and (not self.pack or not isinstance(overrides, str) or not overrides.isidentifier()):
            self._note(node, f"{where}: only a rule of a pack overrides, and it names a rule", "overrides")
        on_expiry = self._on_expiry(node, where, data, confirmers)
        if when is None or len(self.problems) > before:
            return None
        seen = (*(name for name in VARIABLES if name in when.names), *sorted(when.names - VARIABLES.keys()))
        place = f"{self.file}:{node.start_mark.line + 1}"
        rule = Rule(data["id"], when, seen, verdict, confirmers, timedelta(hours=hours), on_expiry)
        return replace(rule, says=says, pack=self.pack, overrides=overrides, place=place)

    def _says(self, node: yaml.Node, where: str, says: Any) -> Mapping[str, str]:
        if says is None:
            return {}
        if not is_said(says):
            self._note(node, f"{where}: says is a sentence in zh and one in en", "says")
            return {}
        return dict(says)

    def _condition(self, node: yaml.Node, where: str, when: Any) -> Condition | None:
        try:
            return self.compiler.condition(when)
        except ValueError as error:
            self._note(node, f"{where}: {error}", "when")
            return None

    def _confirmers(self, node: yaml.Node, where: str, data: Mapping[str, Any]) -> Confirmers:
        given = data.get("confirmers")
        if data.get("verdict") != "confirm":
            if given is not None:
                self._note(node, f"{where}: only a confirm rule has confirmers", "confirmers")
            return Confirmers()
        if not isinstance(given, dict) or given.keys() - {"roles", "people", "not_requester", "needed"}:
            self._note(node, f"{where}: confirmers are roles, people, not_requester and needed", "confirmers")
            return Confirmers()
        roles, people = given.get("roles", []), given.get("people", [])
        not_requester, needed = given.get("not_requester", True), given.get("needed", 1)
        if not isinstance(roles, list) or any(role not in OFFICES for role in roles):
            self._note(node, f"{where}: roles may name {', '.join(sorted(OFFICES))}", "confirmers")
        elif not isinstance(people, list) or any(not isinstance(one, str) or not one.strip() for one in people):
            self._note(node, f"{where}: people are the ids of employees", "confirmers")
        elif not isinstance(not_requester, bool):
            self._note(node, f"{where}: not_requester is true or false", "confirmers")
        elif isinstance(needed, bool) or not isinstance(needed, int) or not 1 <= needed <= MOST_NEEDED:
            self._note(node, f"{where}: needed is a whole number from 1 to {MOST_NEEDED}", "confirmers")
        elif not roles and len(set(people)) + (not not_requester) < needed:
            self._note(node, f"{where}: nobody could ever confirm it", "confirmers")
        else:
            return Confirmers(frozenset(roles), not_requester, frozenset(people), needed)
        return Confirmers()

    def _on_expiry(self, node: yaml.Node, where: str, data: Mapping[str, Any], confirmers: Confirmers) -> OnExpiry:
        """By default the next one up is asked; what only its requester looks at again ends."""
        given: Any = data.get("on_expiry")
        if given is None:
            return "escalate" if confirmers.not_requester else "refuse"
        if data.get("verdict") != "confirm":
            self._note(node, f"{where}: only a confirm rule has on_expiry", "on_expiry")
        elif given not in get_args(OnExpiry):
            self._note(node, f"{where}: on_expiry is escalate, refuse or wait", "on_expiry")
        return given if given in get_args(OnExpiry) else "refuse"

    def _note(self, node: yaml.Node, what: str, key: str | None = None) -> None:
        """Note a problem at the line of the node, or of this key in it."""
        line = node.start_mark.line
        if isinstance(node, yaml.MappingNode):
            line = next((k.start_mark.line for k, _ in node.value if k.value == key), line)
        self.problems.append(f"{self.file}:{line + 1}: {what}")
