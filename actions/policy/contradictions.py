"""What is wrong with a policy although each rule can be read: rules that can never matter, and files that have run out.

Only what can be seen cheaply is seen: an expression that is a constant, and rules that are comparisons joined by &&.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from actions.policy.fields import RECORDS
from actions.policy.policy import Policy, Rule
from actions.proposal import SEVERITY

_ATOM = re.compile(r"^([A-Za-z_][\w.]*)\s*(<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?|\"[^\"]*\"|'[^']*')$")
_FLAG = re.compile(r"^(!?)\s*([A-Za-z_][\w.]*)$")


def warnings(policy: Policy, today: date) -> list[str]:
    """One line each: where, and what to look at. None of them makes a policy invalid."""
    return [
        *_constants(policy.rules),
        *_covered(policy.rules),
        *_unguarded(policy.rules),
        *_run_out(policy, today),
    ]


def _constants(rules: Iterable[Rule]) -> Iterable[str]:
    for rule in rules:
        always = rule.when.is_constant()
        shape = _shape(rule.when.text)
        if always is False or (shape is not None and shape.is_impossible):
            yield f"{rule.place}: rule {rule.id}: it can never apply"
        elif always is True:
            yield f"{rule.place}: rule {rule.id}: it applies to every act"


def _covered(rules: Sequence[Rule]) -> Iterable[str]:
    shapes = {rule.id: _shape(rule.when.text) for rule in rules}
    for number, rule in enumerate(rules):
        for other in rules[:number]:
            if _tidy(rule.when.text) != _tidy(other.when.text):
                continue
            if rule.verdict != other.verdict:
                say = (
                    f"has the condition of {other.id} but says {rule.verdict}, that says {other.verdict}; the severer counts"
                )
            else:
                say = f"has the condition and the verdict of {other.id}"
            yield f"{rule.place}: rule {rule.id}: {say}"
    for rule in rules:
        for other in rules:
            own, wider = shapes[rule.id], shapes[other.id]
            if rule is other or own is None or wider is None or _tidy(rule.when.text) == _tidy(other.when.text):
                continue
            if own.is_impossible or SEVERITY[rule.verdict] >= SEVERITY[other.verdict] or rule.verdict == "run":
                continue
            if own.lies_within(wider):
                yield f"{rule.place}: rule {rule.id}: it never matters, for {other.id} covers it and says {other.verdict}"


def _unguarded(rules: Iterable[Rule]) -> Iterable[str]:
    for rule in rules:
        for kind in RECORDS:
            looks = any(name.startswith(f"{kind}.") for name in rule.when.names)
            if looks and f"has_{kind}" not in rule.when.names:
                yield (
                    f"{rule.place}: rule {rule.id}: it looks at {kind} without asking has_{kind}, "
                    f"so every act without a {kind} asks a person"
                )


def _run_out(policy: Policy, today: date) -> Iterable[str]:
    age = policy.rates.age(today)
    if age > policy.rates.stale_after:
        yield f"rates: those in force are of {policy.rates.on(today).as_of}, {age} days old; add a newer set"
    calendars = dict.fromkeys(policy.hours.calendars.values())
    if unknown := [name for name in calendars if today.year not in policy.hours.holidays[name].years()]:
        yield f"holidays: the days of {today.year} are missing for {', '.join(unknown)}"


# --- comparisons joined by && ----------------------------------------------------------------------------------------------


@dataclass
class _Shape:
    """What a name must be: numbers between two bounds (each open or not), texts equal or not, flags true or not."""

    bounds: dict[str, tuple[float, bool, float, bool]] = field(default_factory=dict)
    equal: dict[str, str] = field(default_factory=dict)
    unequal: dict[str, set[str]] = field(default_factory=dict)
    flags: dict[str, bool] = field(default_factory=dict)
    is_impossible: bool = False

    def lies_within(self, wider: "_Shape") -> bool:
        """Whether whatever fits this fits the wider one as well."""
        return (
            all(self.flags.get(name) == value for name, value in wider.flags.items())
            and all(self.equal.get(name) == value for name, value in wider.equal.items())
            and all(self._keeps_off(name, values) for name, values in wider.unequal.items())
            and all(_within(self.bounds.get(name), bounds) for name, bounds in wider.bounds.items())
        )

    def _keeps_off(self, name: str, values: set[str]) -> bool:
        if name in self.equal:
            return self.equal[name] not in values
        return values <= self.unequal.get(name, set())

    def narrow(self, name: str, sign: str, value: float) -> None:
        low, low_open, high, high_open = self.bounds.get(name, (-math.inf, True, math.inf, True))
        if sign in (">", ">=", "==") and (value, sign == ">") > (low, low_open):
            low, low_open = value, sign == ">"
        if sign in ("<", "<=", "==") and (-value, sign == "<") > (-high, high_open):
            high, high_open = value, sign == "<"
        self.bounds[name] = (low, low_open, high, high_open)
        if low > high or (low == high and (low_open or high_open)):
            self.is_impossible = True


def _within(own: tuple[float, bool, float, bool] | None, wider: tuple[float, bool, float, bool]) -> bool:
    if own is None:
        return False
    low, low_open, high, high_open = own
    wide_low, wide_low_open, wide_high, wide_high_open = wider
    above = low > wide_low or (low == wide_low and (low_open or not wide_low_open))
    below = high < wide_high or (high == wide_high and (high_open or not wide_high_open))
    return above and below


def _shape(text: str) -> _Shape | None:
    """None where the expression is more than comparisons and flags joined by &&."""
    shape = _Shape()
    for part in _tidy(text).split("&&"):
        if atom := _ATOM.match(part.strip()):
            name, sign, value = atom.groups()
            if value[0] in "\"'":
                _text(shape, name, sign, value[1:-1])
            elif sign != "!=":
                shape.narrow(name, sign, float(value))
            else:
                return None
        elif flag := _FLAG.match(part.strip()):
            wanted = not flag.group(1)
            shape.is_impossible |= shape.flags.get(flag.group(2), wanted) != wanted
            shape.flags[flag.group(2)] = wanted
        else:
            return None
    return shape


def _text(shape: _Shape, name: str, sign: str, value: str) -> None:
    if sign == "==":
        shape.is_impossible |= shape.equal.get(name, value) != value
        shape.equal[name] = value
    else:
        shape.unequal.setdefault(name, set()).add(value)
    shape.is_impossible |= shape.equal.get(name) in shape.unequal.get(name, ())


def _tidy(text: str) -> str:
    return " ".join(text.split())


def thresholds(text: str) -> tuple[str, Mapping[str, float]]:
    """An expression with its numbers taken out, and the numbers by what they are compared with."""
    found: dict[str, float] = {}

    def taken(match: re.Match[str]) -> str:
        found[f"{match.group(1)} {match.group(2)}"] = float(match.group(3))
        return f"{match.group(1)} {match.group(2)} #"

    return re.sub(r"([A-Za-z_][\w.]*)\s*(<=|>=|<|>|==)\s*(-?\d+(?:\.\d+)?)", taken, _tidy(text)), found
