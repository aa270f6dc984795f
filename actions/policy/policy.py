"""The thresholds as data: a policy file read strictly, and judged rule by rule; decide.py asks it.

Expressions are CEL, checked against typed variables when the file is loaded, so a misspelt name never waits for the day
on which it would have mattered.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

import yaml

from actions.policy.expression import BOOL, DOUBLE, INT, STRING, Compiler, Condition
from actions.policy.rates import SHIPPED_RATES, Rates
from actions.proposal import Confirmers, OnExpiry, Reason, Verdict

SHIPPED_POLICY = Path(__file__).with_name("policy.yaml")
OFFICES = frozenset({"manager", "director", "legal"})
"""Who a rule may name as confirmers."""
MAX_HOURS = 24 * 30
MOST_NEEDED = 9
"""More different people than that never look at one thing."""

Sight = Mapping[str, str | float | int | bool]
"""What a rule may look at: every variable of VARIABLES, by name."""

VARIABLES: dict[str, Any] = {
    "command": STRING,
    "role": STRING,
    "region": STRING,
    "amount_cny": DOUBLE,
    "contract": BOOL,
    "discount": DOUBLE,
    "records": INT,
    "crosses_border": BOOL,
    "destination": STRING,
    "legal_data": BOOL,
    "confidence": DOUBLE,
    "hour": INT,
    "weekday": INT,
}


@dataclass(frozen=True)
class Finding:
    """What one rule says about a proposal: its reason, and for a confirm who may say yes and for how long."""

    reason: Reason
    confirmers: Confirmers = field(default_factory=Confirmers)
    expires_in: timedelta = timedelta(hours=24)
    on_expiry: OnExpiry = "escalate"


@dataclass(frozen=True)
class Rule:
    """One rule of the file, its expression compiled. `seen` are the variables it mentions, told with the reason."""

    id: str
    when: Condition
    seen: tuple[str, ...]
    verdict: Verdict
    confirmers: Confirmers
    expires_in: timedelta
    on_expiry: OnExpiry = "escalate"

    def judge(self, sight: Sight) -> Finding | None:
        """None where the rule does not apply. A rule that cannot be evaluated asks a person: silence is no yes."""
        value = self.when.holds(sight)
        if value is False:
            return None
        if value is not True:
            return Finding(Reason("policy_error", "confirm", {"rule": self.id}), Confirmers(OFFICES), self.expires_in)
        reason = Reason(self.id, self.verdict, {name: sight[name] for name in self.seen})
        return Finding(reason, self.confirmers, self.expires_in, self.on_expiry)


@dataclass(frozen=True)
class Policy:
    """The rules in force and the rates they count with. `version` is a hash of the two files' contents."""

    rules: tuple[Rule, ...]
    rates: Rates
    version: str

    @classmethod
    def load(cls, path: Path = SHIPPED_POLICY) -> "Policy":
        """Read a policy file, with the `rates.yaml` beside it or else the shipped one.

        Raises ValueError listing every problem of the file, one a line, each with its line number.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: cannot be read") from error
        beside = path.with_name("rates.yaml")
        rates_path = beside if beside.is_file() else SHIPPED_RATES
        rates = Rates.load(rates_path)
        rules = _Reader(str(path)).read(text)
        version = sha256((text + "\0" + rates_path.read_text(encoding="utf-8")).encode()).hexdigest()[:12]
        return cls(rules, rates, version)

    def judge(self, sight: Sight) -> tuple[Finding, ...]:
        """What every rule that applies says, in the order of the file. Never raises."""
        found = (rule.judge(sight) for rule in self.rules)
        return tuple(finding for finding in found if finding is not None)


class _Reader:
    """Reads a policy file node by node, so that each problem can be told with its line."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[str] = []
        self.compiler = Compiler(VARIABLES)

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
        except yaml.YAMLError as error:
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
        except yaml.MarkedYAMLError as error:
            line = (error.problem_mark or node.start_mark).line + 1
            self.problems.append(f"{self.file}:{line}: not valid YAML (an expression that begins with ! needs quotes)")
            return None
        if not isinstance(data, dict) or not isinstance(data.get("id"), str) or not data["id"].isidentifier():
            self._note(node, "a rule needs an id made of letters, digits and _")
            return None
        before = len(self.problems)
        where = f"rule {data['id']}"
        for key in data.keys() - {"id", "when", "verdict", "confirmers", "expires_hours", "on_expiry"}:
            self._note(node, f"{where}: there is no such key as {key}", key)
        when = self._condition(node, where, data.get("when"))
        verdict: Any = data.get("verdict")
        if verdict not in get_args(Verdict):
            self._note(node, f"{where}: verdict is confirm, refuse or run", "verdict")
        confirmers = self._confirmers(node, where, data)
        hours = data.get("expires_hours", 24)
        if isinstance(hours, bool) or not isinstance(hours, int | float) or not 0 < hours <= MAX_HOURS:
            self._note(node, f"{where}: expires_hours is a number above 0, at most {MAX_HOURS}", "expires_hours")
        on_expiry = self._on_expiry(node, where, data, confirmers)
        if when is None or len(self.problems) > before:
            return None
        seen = tuple(name for name in VARIABLES if when.mentions(name))
        return Rule(data["id"], when, seen, verdict, confirmers, timedelta(hours=hours), on_expiry)

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
