"""Cases of a policy: given facts, and what the policy must then say; how operations people test what they have written.

A fact that a case does not give is that of an ordinary change: a rep of the house, one record, Tuesday at ten.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, get_args

import yaml

from actions.decide import combine
from actions.policy.expression import BOOL, DOUBLE, INT, STRING, STRINGS, TIMESTAMP
from actions.policy.fields import RECORDS, choices_of, types_of
from actions.policy.hours import zone_of
from actions.policy.policy import OFFICES, Policy
from actions.proposal import Seen, Verdict

_ORDINARY: dict[str, Any] = {
    "command": "update_amount",
    "role": "rep",
    "region": "",
    "amount_cny": 0.0,
    "currency": "CNY",
    "contract": False,
    "discount": 0.0,
    "discount_agreed": 0.0,
    "records": 1,
    "crosses_border": False,
    "destination": "",
    "people": 0,
    "people_year": 0,
    "people_destination": 0,
    "sensitive_year": 0,
    "legal_data": False,
    "signed_by": [],
    "outward": False,
    "confidence": 1.0,
}
_ORDINARY_DAY = date(2026, 3, 3)
_ORDINARY_TIME = time(10)
_ZONE = "Asia/Shanghai"
MYSELF = "requester"
"""How a case names a yes that whoever asked may give themselves."""


@dataclass(frozen=True)
class Case:
    """One case. `rules` are those that ask or refuse, and any it names that only note; what is None is not looked at."""

    name: str
    place: str
    facts: Mapping[str, Any]
    amount: float | None
    currency: str
    at: datetime
    zone: str
    verdict: str
    rules: frozenset[str] | None
    confirmers: frozenset[str] | None

    def failure(self, policy: Policy) -> str | None:
        """What is different from what the case expects, in one line; None where nothing is."""
        sight = self._sight(policy)
        if sight is None:
            return f"{self.place}: {self.name}: there is no rate for {self.currency} on {self.at.date()}"
        decision = combine(policy.judge(sight), policy.version)
        wanted = self.rules or frozenset()
        rules = frozenset(one.rule for one in decision.reasons if one.verdict != "run" or one.rule in wanted)
        asked = [need.confirmers for need in decision.needs]
        who = frozenset().union(*(one.roles | one.people for one in asked)) or frozenset({MYSELF})
        wrong = []
        if decision.verdict != self.verdict:
            wrong.append(f"expected {self.verdict}, the policy says {decision.verdict}")
        if self.rules is not None and rules != self.rules:
            wrong.append(f"expected rules {_listed(self.rules)}, got {_listed(rules)}")
        if self.confirmers is not None and decision.verdict == "confirm" and who != self.confirmers:
            wrong.append(f"expected confirmers {_listed(self.confirmers)}, got {_listed(who)}")
        return f"{self.place}: {self.name}: {'; '.join(wrong)}" if wrong else None

    def see(self, policy: Policy) -> Seen | None:
        """What the policy's rules would look at; None where there is no rate for the case's currency."""
        sight = self._sight(policy)
        return None if sight is None else Seen(self.at, sight)

    def _sight(self, policy: Policy) -> dict[str, Any] | None:
        local = self.at.astimezone(zone_of(self.zone))
        age = policy.rates.age(local.date())
        sight: dict[str, Any] = {
            **_ORDINARY,
            "hour": local.hour,
            "weekday": local.isoweekday(),
            "now": self.at.astimezone(UTC),
            "rates_age_days": age,
            **{name: False for name in types_of() if name.rpartition(".")[2].startswith("has_")},
            "currency": self.currency,
            **self.facts,
        }
        for name in self.facts:
            kind = name.split(".")[0]
            if kind in RECORDS and name != kind:
                sight[f"has_{kind}"] = True
            field = name.rpartition(".")[2]
            if f"{kind}.has_{field}" in types_of():
                sight[f"{kind}.has_{field}"] = self.facts.get(f"{kind}.has_{field}", self.facts[name] != "")
        sight.setdefault("command.name", sight["command"])
        sight.setdefault("speaker.role", sight["role"])
        sight.setdefault("speaker.is_staff", sight["role"] not in ("customer", "guest"))
        sight.setdefault("working_time", policy.hours.is_working(self.at, self.zone, sight["region"]))
        country = str(sight.get("customer.country", ""))
        sight.setdefault("quiet_time", policy.hours.is_quiet(self.at, country, self.zone))
        if self.amount is not None:
            amount = policy.rates.to_cny(self.amount, self.currency, local.date())
            if amount is None:
                return None
            sight["amount_cny"] = amount
        return sight


def read_cases(path: Path) -> list[Case]:
    """The cases of a file. Raises ValueError listing every problem, one a line, with file and line."""
    reader = _Reader(str(path))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read") from error
    cases = reader.read(text)
    if reader.problems:
        raise ValueError("\n".join(reader.problems))
    return cases


def read_facts(path: Path) -> Case:
    """Facts alone, as YAML or JSON: those of a case by name, beside them `at` and `zone`; or a whole case.

    Raises ValueError listing every problem, one a line.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: cannot be read as YAML or JSON") from error
    if not isinstance(data, dict):
        raise ValueError(f"{path}: facts are written as name: value")
    given = data["facts"] if isinstance(data.get("facts"), dict) else data
    facts = {key: value for key, value in given.items() if key not in ("at", "zone")}
    reader = _Reader(str(path))
    when = {key: data[key] for key in ("at", "zone") if key in data}
    case = reader.one({"name": path.name, "facts": facts, **when, "expect": {"verdict": "run"}})
    if case is None:
        raise ValueError("\n".join(reader.problems))
    return case


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[str] = []

    def read(self, text: str) -> list[Case]:
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
            nodes = root.value[0][1].value if isinstance(root, yaml.MappingNode) and len(root.value) == 1 else None
            data = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            self.problems.append(f"{self.file}:{mark.line + 1 if mark else 1}: not valid YAML")
            return []
        if nodes is None or not isinstance(data, dict) or not isinstance(data.get("cases"), list):
            self.problems.append(f"{self.file}:1: a file of cases is a list under the one key cases")
            return []
        read = (self._case(one, node.start_mark.line + 1) for one, node in zip(data["cases"], nodes, strict=True))
        return [case for case in read if case is not None]

    def one(self, data: Any) -> Case | None:
        return self._case(data, 1)

    def _case(self, data: Any, line: int) -> Case | None:
        before = len(self.problems)
        if not isinstance(data, dict) or not isinstance(data.get("name"), str):
            self._note(line, "a case needs a name, facts and expect")
            return None
        name = data["name"]
        for key in data.keys() - {"name", "facts", "at", "zone", "expect"}:
            self._note(line, f"{name}: there is no such key as {key}")
        given = data.get("facts") or {}
        facts: dict[str, Any] = {}
        amount, currency = None, "CNY"
        if not isinstance(given, dict):
            self._note(line, f"{name}: facts are written as name: value")
            given = {}
        for key, value in given.items():
            if key == "amount":
                amount = self._fact(line, name, "amount_cny", value)
            elif key == "currency":
                currency = str(value)
            elif (key in RECORDS or key in ("speaker", "command")) and isinstance(value, dict):
                facts |= {f"{key}.{inner}": self._fact(line, name, f"{key}.{inner}", one) for inner, one in value.items()}
            else:
                facts[str(key)] = self._fact(line, name, str(key), value)
        if "command.name" in facts:
            facts["command"] = facts["command.name"]
        zone = data.get("zone", _ZONE)
        at = self._at(line, name, data.get("at"), zone)
        verdict, rules, confirmers = self._expected(line, name, data.get("expect"))
        if len(self.problems) > before or at is None:
            return None
        place = f"{self.file}:{line}"
        return Case(name, place, facts, amount, currency, at, zone, verdict, rules, confirmers)

    def _fact(self, line: int, case: str, name: str, value: Any) -> Any:
        wanted = types_of().get(name)
        if wanted is None:
            self._note(line, f"{case}: there is no fact {name}")
            return None
        if wanted == DOUBLE and isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if wanted == TIMESTAMP and isinstance(value, date):
            moment = value if isinstance(value, datetime) else datetime.combine(value, time(), UTC)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        if (should := _misfit(wanted, value)) is not None:
            self._note(line, f"{case}: {name} is {should}")
            return None
        known = choices_of().get(name)
        if known is not None and value not in known:
            self._note(line, f"{case}: {name} is never {value}; it is one of {', '.join(sorted(known))}")
        return value

    def _at(self, line: int, case: str, value: Any, zone: Any) -> datetime | None:
        if not isinstance(zone, str) or (zone != "UTC" and zone_of(zone) is UTC):
            self._note(line, f"{case}: there is no time zone {zone}")
            return None
        if value is None:
            return datetime.combine(_ORDINARY_DAY, _ORDINARY_TIME, zone_of(zone))
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                value = None
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=zone_of(zone))
        if isinstance(value, date):
            return datetime.combine(value, _ORDINARY_TIME, zone_of(zone))
        self._note(line, f"{case}: at is a day or a time, such as 2026-10-01 22:30")
        return None

    def _expected(self, line: int, case: str, data: Any) -> tuple[str, frozenset[str] | None, frozenset[str] | None]:
        if not isinstance(data, dict) or data.keys() - {"verdict", "rules", "confirmers"}:
            self._note(line, f"{case}: expect has verdict, rules and confirmers")
            return "", None, None
        verdict = data.get("verdict")
        if verdict not in get_args(Verdict):
            self._note(line, f"{case}: verdict is run, confirm or refuse")
        rules = self._names(line, case, "rules", data.get("rules"))
        confirmers = self._names(line, case, "confirmers", data.get("confirmers"))
        for one in sorted((confirmers or frozenset()) - OFFICES - {MYSELF}):
            self._note(line, f"{case}: nobody is called {one}; there are {', '.join(sorted(OFFICES))} and {MYSELF}")
        return str(verdict), rules, confirmers

    def _names(self, line: int, case: str, key: str, value: Any) -> frozenset[str] | None:
        if value is None:
            return None
        if not isinstance(value, list) or any(not isinstance(one, str) for one in value):
            self._note(line, f"{case}: {key} is a list of names")
            return None
        return frozenset(value)

    def _note(self, line: int, what: str) -> None:
        self.problems.append(f"{self.file}:{line}: {what}")


def _misfit(wanted: Any, value: Any) -> str | None:
    """What a fact of this type should be, where the value is not."""
    is_texts = isinstance(value, list) and all(isinstance(one, str) for one in value)
    is_whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**62
    for type_, should, fits in (
        (BOOL, "true or false", isinstance(value, bool)),
        (DOUBLE, "a number", False),
        (INT, "a whole number", is_whole),
        (STRING, "a text", isinstance(value, str)),
        (STRINGS, "a list of texts", is_texts),
        (TIMESTAMP, "a day or a time", False),
    ):
        if wanted == type_:
            return None if fits else should
    return None


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "none"
