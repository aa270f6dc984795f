"""Breakers as data: what customers show and which steps it stops, read strictly and judged; decide.py hears the findings.

Expressions are CEL over typed variables, of which every kind of signal in the file is one, so a misspelt signal is an
error with its line when the file is loaded.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import yaml

from actions.policy.expression import BOOL, DOUBLE, INT, STRING, Compiler, Condition
from actions.policy.policy import MAX_HOURS, OFFICES, Finding
from actions.proposal import Confirmers, Json, Reason

SHIPPED_BREAKERS = Path(__file__).with_name("breakers.yaml")
ROLES = ("rep", "manager", "director", "consultant", "legal")
_DEFAULT_HOURS = 24
_LONGEST_WORDS = 300

VARIABLES: dict[str, Any] = {
    "command": STRING,
    "role": STRING,
    "region": STRING,
    "amount_cny": DOUBLE,
    "old_amount_cny": DOUBLE,
    "raises_amount": BOOL,
    "came_down": BOOL,
    "advances": BOOL,
    "opens": BOOL,
    "offers": BOOL,
    "premium": BOOL,
    "discount": DOUBLE,
    "raises_discount": BOOL,
    "discounts_lately": INT,
    "contacts": BOOL,
    "promises": BOOL,
    "promised_off": DOUBLE,
    "limit": DOUBLE,
    "leaks": BOOL,
    "open_complaints": INT,
}
"""What a breaker may look at besides the signals of its own file."""

Says = Mapping[str, str]
"""One short sentence in each language, by `zh` and `en`."""


@dataclass(frozen=True)
class Evidence:
    """The words that a stop rests on: who said them, when, where (`source`), and the signal they made, if one."""

    words: str
    said_by: str = ""
    at: datetime | None = None
    source: str = ""
    signal_id: str | None = None
    alternative: Mapping[str, Json] | None = None


Seen = Mapping[str, str | float | int | bool]
"""Every variable by name, for one proposal."""


@dataclass(frozen=True)
class SignalKind:
    """A kind of thing that customers show; how it is read from words, ages, and ends."""

    id: str
    says: Says
    intents: frozenset[str]
    least: float
    words: tuple[re.Pattern[str], ...]
    likely: float
    not_if: tuple[re.Pattern[str], ...]
    lifted_by: tuple[re.Pattern[str], ...]
    not_lifted_if: tuple[re.Pattern[str], ...]
    lifted_by_intents: frozenset[str]
    lifted_by_whom: Literal["anyone", "customer"]
    lasts: timedelta
    lift_roles: frozenset[str]

    def is_lifted_by(self, text: str, intents: Mapping[str, float], *, by_customer: bool) -> bool:
        """Whether these words say that it is over."""
        if self.lifted_by_whom == "customer" and not by_customer:
            return False
        if any(intents.get(one, 0.0) >= self.least for one in self.lifted_by_intents):
            return True
        return any(_find(self.lifted_by, clause) and not _find(self.not_lifted_if, clause) for clause in _clauses(text))

    def shown_by(self, text: str, intents: Mapping[str, float]) -> float:
        """How probably these words show it, 0 to 1; 0 where they do not."""
        read = max((intents.get(one, 0.0) for one in self.intents), default=0.0)
        if read >= self.least:
            return min(read, 1.0)
        return self.likely if _find(self.words, text) and not _find(self.not_if, text) else 0.0


@dataclass(frozen=True)
class Promise:
    """Phrases that nobody may say to a customer."""

    id: str
    words: tuple[re.Pattern[str], ...]
    not_if: tuple[re.Pattern[str], ...]


@dataclass(frozen=True)
class Breaker:
    """One breaker, its expression compiled. `release` are the offices that may let the step go on, or allow it once."""

    id: str
    says: Says
    when: Condition
    verdict: Literal["confirm", "refuse"]
    release: frozenset[str]
    expires_in: timedelta
    puts_alternative: bool
    seen: tuple[str, ...]

    def judge(self, seen: Seen, evidence: Mapping[str, Evidence]) -> Finding | None:
        """None where it does not fire. One that cannot be evaluated asks a person: silence is no yes."""
        value = self.when.holds(seen)
        if value is False:
            return None
        shown = next((evidence[name] for name in self.seen if name in evidence and seen.get(name)), Evidence(""))
        data: dict[str, Json] = {
            "breaker": self.id,
            "says": dict(self.says),
            "roles": sorted(self.release),
            "words": shown.words[:_LONGEST_WORDS],
            "who": shown.said_by,
            "at": shown.at.isoformat() if shown.at else None,
            "source": shown.source,
            "signal": shown.signal_id,
            "alternative": dict(shown.alternative) if shown.alternative and self.puts_alternative else None,
            "is_broken": value is None,
        }
        verdict: Literal["confirm", "refuse"] = self.verdict if value else "confirm"
        return Finding(
            Reason(self.id, verdict, data), Confirmers(self.release, not_requester=True), self.expires_in, "refuse"
        )


@dataclass(frozen=True)
class Breakers:
    """Everything of the file. `version` is a hash of its contents."""

    signals: tuple[SignalKind, ...]
    promises: tuple[Promise, ...]
    limits: Mapping[str, float]
    spiral: timedelta
    breakers: tuple[Breaker, ...]
    version: str

    @classmethod
    def load(cls, path: Path = SHIPPED_BREAKERS) -> "Breakers":
        """Read a file of breakers. Raises ValueError listing every problem, one a line, each with its line number."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: cannot be read") from error
        return _Reader(str(path)).read(text)

    @classmethod
    def beside(cls, policy: Path) -> "Breakers":
        """The `breakers.yaml` beside a policy file, or in a policy's folder; else the shipped one."""
        beside = (policy if policy.is_dir() else policy.parent) / "breakers.yaml"
        return cls.load(beside if beside.is_file() else SHIPPED_BREAKERS)

    def judge(self, seen: Seen, evidence: Mapping[str, Evidence]) -> tuple[Finding, ...]:
        """What every breaker that fires says, in the order of the file. Never raises."""
        found = (breaker.judge(seen, evidence) for breaker in self.breakers)
        return tuple(finding for finding in found if finding is not None)

    def kind(self, kind_id: str) -> SignalKind | None:
        return next((kind for kind in self.signals if kind.id == kind_id), None)

    def called(self, kind_id: str, lang: str) -> str:
        """What a kind of signal is called."""
        kind = self.kind(kind_id)
        return kind.says[lang] if kind else kind_id

    def named(self, breaker_id: str, lang: str) -> str:
        """The sentence of a breaker; one that is no longer in the file goes by its id."""
        return next((one.says[lang] for one in self.breakers if one.id == breaker_id), breaker_id)

    def promised(self, text: str) -> str | None:
        """The words in a text that promise what may not be promised, or None."""
        for clause in _clauses(text):
            for promise in self.promises:
                found = _find(promise.words, clause)
                if found and not _find(promise.not_if, clause):
                    return found
        return None

    def limit(self, role: str) -> float:
        """The percent off that a role may promise by itself."""
        return self.limits.get(role, 0.0)


@dataclass(frozen=True)
class Shown:
    """What words show or end: a kind of signal, and with what probability."""

    kind: str
    probability: Decimal
    is_over: bool = False


def shown_in(breakers: Breakers, text: str, intents: Mapping[str, float], *, by_customer: bool) -> tuple[Shown, ...]:
    """The signals that a customer's words show or end; words that end one do not raise it as well."""
    found: list[Shown] = []
    for kind in breakers.signals:
        if kind.is_lifted_by(text, intents, by_customer=by_customer):
            found.append(Shown(kind.id, Decimal(1), is_over=True))
        elif probability := kind.shown_by(text, intents):
            found.append(Shown(kind.id, Decimal(str(round(probability, 2)))))
    return tuple(found)


def _find(patterns: Sequence[re.Pattern[str]], text: str) -> str | None:
    return next((found.group(0) for pattern in patterns if (found := pattern.search(text))), None)


def _clauses(text: str) -> list[str]:
    """The sentences of a text, each with its closing sign: a question turns only itself round."""
    return re.findall(r"[^。！？!?；;\n]+[。！？!?；;]?", text)


class _Reader:
    """Reads a file of breakers node by node, so that each problem can be told with its line."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[str] = []

    def read(self, text: str) -> Breakers:
        parts = self._parts(text)
        signals = tuple(one for node in _items(parts.get("signals")) if (one := self._signal(node)))
        types = dict(VARIABLES)
        for kind in signals:
            types |= {kind.id: BOOL, f"{kind.id}_days": INT}
        compiler = Compiler(types)
        promises = tuple(said for node in _items(parts.get("promises")) if (said := self._promise(node)))
        breakers = tuple(
            breaker for node in _items(parts.get("breakers")) if (breaker := self._breaker(node, compiler, types))
        )
        self._each_once("signal", signals)
        self._each_once("breaker", breakers)
        limits, spiral = self._limits(parts.get("limits")), self._spiral(parts.get("spiral_days"))
        if self.problems:
            raise ValueError("\n".join(self.problems))
        return Breakers(signals, promises, limits, spiral, breakers, sha256(text.encode()).hexdigest()[:12])

    def _parts(self, text: str) -> dict[str, yaml.Node]:
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            self.problems.append(f"{self.file}:{mark.line + 1 if mark else 1}: not valid YAML")
            return {}
        if not isinstance(root, yaml.MappingNode):
            self.problems.append(f"{self.file}:1: breakers are written under the keys signals, promises, limits, breakers")
            return {}
        known = ("signals", "promises", "limits", "spiral_days", "breakers")
        parts: dict[str, yaml.Node] = {}
        for key, value in root.value:
            if key.value not in known:
                self._note(key, f"there is no such part as {key.value}")
            elif key.value in ("signals", "promises", "breakers") and not isinstance(value, yaml.SequenceNode):
                self._note(value, f"{key.value} is a list")
            else:
                parts[key.value] = value
        return parts

    def _signal(self, node: yaml.Node) -> SignalKind | None:
        known = {"id", "says", "intents", "least", "words", "likely", "not_if", "lifted_by", "not_lifted_if"}
        known |= {"lifted_by_intents", "lifted_by_whom", "days", "lift_roles"}
        data, where = self._data(node, "signal", known)
        if data is None:
            return None
        before = len(self.problems)
        if data["id"] in VARIABLES:
            self._note(node, f"{where}: this name is taken", "id")
        whom = data.get("lifted_by_whom", "anyone")
        if whom not in ("anyone", "customer"):
            self._note(node, f"{where}: lifted_by_whom is anyone or customer", "lifted_by_whom")
        kind = SignalKind(
            id=data["id"],
            says=self._says(node, where, data),
            intents=self._names(node, where, data, "intents"),
            least=self._number(node, where, data, "least", 0.5, 1.0),
            words=self._patterns(node, where, data, "words"),
            likely=self._number(node, where, data, "likely", 0.7, 1.0),
            not_if=self._patterns(node, where, data, "not_if"),
            lifted_by=self._patterns(node, where, data, "lifted_by"),
            not_lifted_if=self._patterns(node, where, data, "not_lifted_if"),
            lifted_by_intents=self._names(node, where, data, "lifted_by_intents"),
            lifted_by_whom=whom,
            lasts=timedelta(days=self._number(node, where, data, "days", 90.0, 3650.0)),
            lift_roles=self._offices(node, where, data, "lift_roles"),
        )
        return kind if len(self.problems) == before else None

    def _promise(self, node: yaml.Node) -> Promise | None:
        data, where = self._data(node, "promise", {"id", "words", "not_if"})
        if data is None:
            return None
        before = len(self.problems)
        words, not_if = (self._patterns(node, where, data, key) for key in ("words", "not_if"))
        if not words:
            self._note(node, f"{where}: words are needed", "words")
        return Promise(data["id"], words, not_if) if len(self.problems) == before else None

    def _breaker(self, node: yaml.Node, compiler: Compiler, types: Mapping[str, Any]) -> Breaker | None:
        data, where = self._data(node, "breaker", {"id", "says", "when", "verdict", "release", "hours", "alternative"})
        if data is None:
            return None
        before = len(self.problems)
        says, release = self._says(node, where, data), self._offices(node, where, data, "release")
        when: Condition | None = None
        try:
            when = compiler.condition(data.get("when"))
        except ValueError as error:
            self._note(node, f"{where}: {error}", "when")
        if data.get("verdict") not in ("confirm", "refuse"):
            self._note(node, f"{where}: verdict is confirm or refuse", "verdict")
        if not isinstance(data.get("alternative", False), bool):
            self._note(node, f"{where}: alternative is true or false", "alternative")
        hours = self._number(node, where, data, "hours", _DEFAULT_HOURS, MAX_HOURS)
        if hours <= 0:
            self._note(node, f"{where}: hours is more than 0", "hours")
        if when is None or len(self.problems) > before:
            return None
        mentioned = tuple(name for name in types if when.mentions(name))
        # the customer's own words come first: they say most
        seen = tuple(sorted(mentioned, key=lambda name: name in VARIABLES))
        return Breaker(
            data["id"], says, when, data["verdict"], release, timedelta(hours=hours), data.get("alternative", False), seen
        )

    def _data(self, node: yaml.Node, what: str, known: set[str]) -> tuple[dict[str, Any] | None, str]:
        try:
            data = yaml.SafeLoader("").construct_document(node)
        except yaml.MarkedYAMLError as error:
            line = (error.problem_mark or node.start_mark).line + 1
            self.problems.append(f"{self.file}:{line}: not valid YAML (an expression that begins with ! needs quotes)")
            return None, ""
        if not isinstance(data, dict) or not isinstance(data.get("id"), str) or not data["id"].isidentifier():
            self._note(node, f"a {what} needs an id made of letters, digits and _")
            return None, ""
        where = f"{what} {data['id']}"
        for key in data.keys() - known:
            self._note(node, f"{where}: there is no such key as {key}", str(key))
        return data, where

    def _says(self, node: yaml.Node, where: str, data: Mapping[str, Any]) -> Says:
        says = data.get("says")
        if not isinstance(says, dict) or says.keys() != {"zh", "en"} or not all(isinstance(v, str) for v in says.values()):
            self._note(node, f"{where}: says is one sentence in zh and one in en", "says")
            return {"zh": "", "en": ""}
        return says

    def _names(self, node: yaml.Node, where: str, data: Mapping[str, Any], key: str) -> frozenset[str]:
        names = data.get(key, [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            self._note(node, f"{where}: {key} is a list of intents", key)
            return frozenset()
        return frozenset(names)

    def _offices(self, node: yaml.Node, where: str, data: Mapping[str, Any], key: str) -> frozenset[str]:
        names = data.get(key)
        if not isinstance(names, list) or not names or any(name not in OFFICES for name in names):
            self._note(node, f"{where}: {key} may name {', '.join(sorted(OFFICES))}", key)
            return frozenset()
        return frozenset(names)

    def _number(self, node: yaml.Node, where: str, data: Mapping[str, Any], key: str, default: float, most: float) -> float:
        value = data.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            self._note(node, f"{where}: {key} is a number from 0 to {most:g}", key)
            return default
        return float(value)

    def _patterns(self, node: yaml.Node, where: str, data: Mapping[str, Any], key: str) -> tuple[re.Pattern[str], ...]:
        given = data.get(key, [])
        if not isinstance(given, list):
            self._note(node, f"{where}: {key} is a list of phrases", key)
            return ()
        patterns = []
        for one in given:
            try:
                patterns.append(re.compile(one, re.IGNORECASE))
            except (re.error, TypeError):
                self._note(node, f"{where}: {key} has a phrase that cannot be read: {one}", key)
        return tuple(patterns)

    def _limits(self, node: yaml.Node | None) -> Mapping[str, float]:
        data = yaml.SafeLoader("").construct_document(node) if isinstance(node, yaml.MappingNode) else None
        if data is None:
            return {}
        if data.keys() - set(ROLES) or not all(type(v) in (int, float) and 0 <= v <= 100 for v in data.values()):
            assert node is not None
            self._note(node, f"limits give percents from 0 to 100 to {', '.join(ROLES)}")
            return {}
        return {role: float(value) for role, value in data.items()}

    def _spiral(self, node: yaml.Node | None) -> timedelta:
        days = yaml.SafeLoader("").construct_document(node) if node is not None else 30
        if isinstance(days, bool) or not isinstance(days, int) or not 0 < days <= 365:
            if node is not None:
                self._note(node, "spiral_days is a whole number of days from 1 to 365")
            days = 30
        return timedelta(days=days)

    def _each_once(self, what: str, read: Sequence[SignalKind] | Sequence[Breaker]) -> None:
        ids = [one.id for one in read]
        self.problems += [
            f"{self.file}:1: {what} {one}: this id is there twice" for one in sorted(set(ids)) if ids.count(one) > 1
        ]

    def _note(self, node: yaml.Node, what: str, key: str | None = None) -> None:
        line = node.start_mark.line
        if isinstance(node, yaml.MappingNode):
            line = next((k.start_mark.line for k, _ in node.value if k.value == key), line)
        self.problems.append(f"{self.file}:{line + 1}: {what}")


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
