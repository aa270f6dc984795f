"""Dispatch by mood: from what a customer's call showed to how urgent it is and whose desk it lands on, as a template says.

Pure, and about the customer alone: nothing that our own people said, or how, has a place among the facts. Points are added
up and multiplied by the customer's tier; each is told with its figure, and the figures are exact hundredths, so that the sum
on a card can be followed with a pencil. A mood that nobody could judge adds nothing and is told as not known, never as calm.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import AwareDatetime

from actions.policy.hours import Hours, zone_of

SHIPPED_DISPATCH = Path(__file__).with_name("dispatch.yaml")
BASE = "0"
"""The name of the version that lies in the file."""
Priority = Literal["none", "low", "normal", "high", "urgent"]
PRIORITIES: tuple[Priority, ...] = get_args(Priority)
"""From nothing to do at all to the most urgent."""
URGENT = "urgent"
"""What a call shows where the customer says one of the words of urgency."""

_TICKETS = PRIORITIES[1:]
_HUNDREDTH = Decimal("0.01")
_NONE = Decimal("0.00")
_MOST_WORDS, _LONGEST_WORD = 500, 40
_MOST_LINES = 20
_WHO = re.compile(r"owner|group:@(service|managers)|person:[\w.-]{1,64}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
_LATIN = re.compile(r"[a-z0-9]", re.IGNORECASE)
_KEYS = ("anger", "technical", "shows", "urgent", "open_tickets", "tiers", "priorities", "hours", "lines")


@dataclass(frozen=True)
class CallFacts:
    """What counts of a call. `at` is when it came in; `anger` the strongest of the customer's smoothed curve, 0 … 1, None
    where nobody could judge it; `coverage` the share of the customer's speech that was judged, 0 … 1; `technical` the
    different technical words that the customer used; `shows` what their sentences were read as (intents, and URGENT);
    `knows_calm` whether the anger is measured against how this customer sounds when calm."""

    at: AwareDatetime
    tier: str = ""
    anger: Decimal | None = None
    coverage: Decimal = _NONE
    technical: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    open_tickets: int = 0
    knows_calm: bool = True


@dataclass(frozen=True)
class Part:
    """One reason: a key of the wording, the figures that fill it in, and the points that it adds (or multiplies by)."""

    key: str
    points: Decimal
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Dispatched:
    """Where a call goes. `line` is "" where nothing is to be done, `score` the sum after the tier; `from_` is when the time
    in which somebody must answer begins: the call, or the morning that the line opens."""

    priority: Priority
    line: str
    score: Decimal
    from_: datetime
    reasons: tuple[Part, ...]


@dataclass(frozen=True)
class Line:
    """A desk: its names, who sits there, and whether its people work by the clock of a zone (and the hours of a region)."""

    name: str
    zh: str
    en: str
    to: str
    by_hours: bool = True
    zone: str = "Asia/Shanghai"
    region: str = ""


@dataclass(frozen=True)
class Knob:
    """A number that can be turned on the page: its path in the template, its bounds, and what it stands at."""

    path: str
    least: Decimal
    most: Decimal
    step: Decimal
    value: Decimal


@dataclass(frozen=True)
class DispatchTemplate:
    """How calls are weighed and where they go. Weights are points; `technical_most` and `tickets_most` cap their parts."""

    anger_above: Decimal
    anger_weight: Decimal
    least_coverage: Decimal
    anger_alone: Decimal
    technical_weight: Decimal
    technical_most: Decimal
    technical_from: int
    technical_line: str
    words: tuple[str, ...]
    shows: Mapping[str, Decimal]
    urgent: tuple[str, ...]
    ticket_weight: Decimal
    tickets_most: Decimal
    tiers: Mapping[str, Decimal]
    reaches: Mapping[str, Decimal]
    line_of: Mapping[str, str]
    by_clock: bool
    clock_from: str
    clock_line: str
    lines: Mapping[str, Line]
    text: str = field(compare=False, repr=False)

    @classmethod
    def read(cls, text: str, place: str = SHIPPED_DISPATCH.name) -> "DispatchTemplate":
        """Raises ValueError naming the place and what is wrong there."""
        return _Reader(place).read(text)

    @cached_property
    def knobs(self) -> tuple[Knob, ...]:
        """What can be turned, in the order of the page."""
        found = [
            _knob("anger.above", _SHARE, self.anger_above),
            _knob("anger.weight", _POINTS, self.anger_weight),
            _knob("anger.coverage", _SHARE, self.least_coverage),
            _knob("anger.alone", _SHARE, self.anger_alone),
            _knob("technical.weight", _SMALL, self.technical_weight),
            _knob("technical.most", _POINTS, self.technical_most),
            Knob("technical.from", Decimal(1), Decimal(20), Decimal(1), Decimal(self.technical_from)),
            *(_knob(f"shows.{name}", _POINTS, value) for name, value in self.shows.items()),
            _knob("open_tickets.weight", _SMALL, self.ticket_weight),
            _knob("open_tickets.most", _POINTS, self.tickets_most),
            *(_knob(f"tiers.{name}", _TIMES, value) for name, value in self.tiers.items()),
            *(_knob(f"priorities.{name}.from", _REACHES, self.reaches[name]) for name in _TICKETS),
        ]
        return tuple(found)

    def with_values(self, values: Mapping[str, Any]) -> "DispatchTemplate":
        """The template with knobs turned, the clock switched (`hours.counted`) and lines chosen. Raises ValueError.

        Chosen are `hours.from`, `hours.line`, `technical.line` and `priorities.….line`; words and lines are the file's.
        """
        data = yaml.safe_load(self.text)
        allowed = {one.path for one in self.knobs} | set(self.choices)
        for path, value in values.items():
            if path not in allowed:
                raise ValueError(f"there is nothing called {str(path)[:60]} to set")
            *parents, last = _steps(path)
            at = data
            for name in parents:
                at = at[name]
            at[last] = value
        return DispatchTemplate.read(_written(data), "the template")

    @cached_property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """What can be chosen, and from what; an empty list is yes or no."""
        lines = tuple(self.lines)
        return {
            "hours.counted": (),
            "hours.from": _TICKETS,
            "hours.line": lines,
            "technical.line": lines,
            **{f"priorities.{name}.line": lines for name in _TICKETS},
        }

    def technical_in(self, sentences: Sequence[str]) -> tuple[str, ...]:
        """The different technical words in these sentences, in the order of the list."""
        return _found(self.words, sentences)

    def is_urgent(self, sentences: Sequence[str]) -> bool:
        return bool(_found(self.urgent, sentences))


def differences(before: DispatchTemplate, after: DispatchTemplate) -> tuple[tuple[str, str, str], ...]:
    """What is not the same in two templates: path, before, after; "" where there is none."""
    was, now = (_flat(yaml.safe_load(one.text)) for one in (before, after))
    paths = [*was, *(path for path in now if path not in was)]
    return tuple((path, was.get(path, ""), now.get(path, "")) for path in paths if was.get(path) != now.get(path))


def dispatch(facts: CallFacts, template: DispatchTemplate, hours: Hours) -> Dispatched:
    """How urgent a call is, and where it goes. The same facts by the same template are always the same."""
    parts = [_anger(facts, template), *_technical(facts, template), *_shown(facts, template), *_waiting(facts, template)]
    total = sum((part.points for part in parts), _NONE)
    times = template.tiers.get(facts.tier, Decimal("1.00"))
    score = (total * times).quantize(_HUNDREDTH, ROUND_HALF_UP)
    if facts.tier in template.tiers:
        parts.append(Part("tier", times, {"tier": facts.tier, "times": _told(times), "total": _told(total)}))
    priority = next((one for one in reversed(_TICKETS) if score >= template.reaches[one]), PRIORITIES[0])
    if priority == "none":
        parts.append(Part("below", score, {"score": _told(score), "least": _told(template.reaches["low"])}))
        return Dispatched(priority, "", score, facts.at, tuple(parts))
    parts.append(Part("reaches", score, {"score": _told(score), "from": _told(template.reaches[priority]), "to": priority}))
    line, why = _line(facts, template, priority)
    if why is not None:
        parts.append(why)
    line, from_, outside = _by_the_clock(facts.at, template, priority, line, hours)
    return Dispatched(priority, line, score, from_, (*parts, *outside))


def hundredths(value: float) -> Decimal:
    """A measured share as it is kept and told."""
    return Decimal(str(value)).quantize(_HUNDREDTH, ROUND_HALF_UP)


# --- the sum -------------------------------------------------------------------------------------------------------------


def _anger(facts: CallFacts, template: DispatchTemplate) -> Part:
    if facts.anger is None:
        return Part("mood_unknown", _NONE)
    told = {"anger": _told(facts.anger), "above": _told(template.anger_above), "weight": _told(template.anger_weight)}
    if facts.coverage < template.least_coverage:
        covered = {"coverage": _told(facts.coverage), "least": _told(template.least_coverage)}
        return Part("mood_uncertain", _NONE, covered)
    if facts.anger < template.anger_above:
        return Part("anger_below", _NONE, told)
    is_alone = not facts.knows_calm and not _shown(facts, template)
    times = template.anger_alone if is_alone else Decimal(1)
    points = (facts.anger * template.anger_weight * times).quantize(_HUNDREDTH, ROUND_HALF_UP)
    told |= {"points": _told(points)}
    return Part("anger_alone", points, {**told, "times": _told(times)}) if is_alone else Part("anger", points, told)


def _technical(facts: CallFacts, template: DispatchTemplate) -> list[Part]:
    count = len(facts.technical)
    if not count:
        return []
    points = min(count * template.technical_weight, template.technical_most)
    told = {"count": str(count), "weight": _told(template.technical_weight), "points": _told(points)}
    is_capped = points < count * template.technical_weight
    return [Part("technical_most" if is_capped else "technical", points, {**told, "words": ", ".join(facts.technical)})]


def _shown(facts: CallFacts, template: DispatchTemplate) -> list[Part]:
    weights = {one: template.shows[one] for one in dict.fromkeys(facts.shows) if template.shows.get(one)}
    return [
        Part(URGENT if one == URGENT else "shows", points, {"what": one, "points": _told(points)})
        for one, points in weights.items()
    ]


def _waiting(facts: CallFacts, template: DispatchTemplate) -> list[Part]:
    if facts.open_tickets <= 0:
        return []
    points = min(facts.open_tickets * template.ticket_weight, template.tickets_most)
    told = {"count": str(facts.open_tickets), "weight": _told(template.ticket_weight), "points": _told(points)}
    return [Part("open_tickets", points, told)]


def _line(facts: CallFacts, template: DispatchTemplate, priority: str) -> tuple[str, Part | None]:
    """The line that a priority goes to; a matter full of technical words is an engineer's."""
    line, count = template.line_of[priority], len(facts.technical)
    if count < template.technical_from or line == template.technical_line:
        return line, None
    told = {"count": str(count), "from": str(template.technical_from), **_called(template, template.technical_line)}
    return template.technical_line, Part("to_engineer", _NONE, told)


def _by_the_clock(
    at: datetime, template: DispatchTemplate, priority: Priority, line: str, hours: Hours
) -> tuple[str, datetime, list[Part]]:
    """Outside the line's hours what cannot wait goes to another; the rest waits until the line opens."""
    desk = template.lines[line]
    if not template.by_clock or not desk.by_hours or hours.is_working(at, desk.zone, desk.region):
        return line, at, []
    if PRIORITIES.index(priority) >= _TICKETS.index(template.clock_from) + 1:
        return template.clock_line, at, [Part("outside_hours", _NONE, _called(template, template.clock_line))]
    opens = hours.opens(at, desk.zone, desk.region)
    return line, opens, [Part("waits_for_hours", _NONE, {**_called(template, line), "opens": opens.isoformat()})]


def _called(template: DispatchTemplate, line: str) -> dict[str, str]:
    desk = template.lines[line]
    return {"line_zh": desk.zh, "line_en": desk.en}


def _told(value: Decimal) -> str:
    return f"{value:.2f}"


def _found(words: Sequence[str], sentences: Sequence[str]) -> tuple[str, ...]:
    text = "\n".join(sentences).casefold()
    return tuple(word for word in words if _is_in(word, text))


def _is_in(word: str, text: str) -> bool:
    """Latin words whole, others anywhere: Chinese has no spaces between them."""
    if not _LATIN.match(word):
        return word in text
    return re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", text) is not None


# --- reading -------------------------------------------------------------------------------------------------------------


_SHARE = (Decimal(0), Decimal(1))
_POINTS = (Decimal(0), Decimal(3))
_SMALL = (Decimal(0), Decimal(1))
_TIMES = (Decimal("0.1"), Decimal(3))
_REACHES = (Decimal("0.01"), Decimal(10))
_Bounds = tuple[Decimal, Decimal]


def _knob(path: str, bounds: _Bounds, value: Decimal) -> Knob:
    least, most = bounds
    most = Decimal(5) if bounds is _REACHES else most
    return Knob(path, least, max(most, value), _HUNDREDTH, value)


def _steps(path: str) -> list[str]:
    """`shows.service.fault` has two steps: what a call shows has a point in its own name."""
    first, _, rest = path.partition(".")
    return [first, rest] if first in ("shows", "tiers") else [first, *rest.split(".")]


class _Reader:
    """Reads a template strictly; whatever is wrong is told in a sentence with its place."""

    def __init__(self, place: str) -> None:
        self._place = place

    def read(self, text: str) -> DispatchTemplate:
        try:
            data = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise ValueError(f"{self._place}: cannot be read as YAML") from error
        data = self._mapping(data, "", _KEYS)
        lines = self._lines(data["lines"])
        # a version that was saved before there was `alone` means what it meant then
        anger = {"alone": 1} | data["anger"] if isinstance(data["anger"], dict) else data["anger"]
        anger = self._mapping(anger, "anger", ("above", "weight", "coverage", "alone"))
        technical = self._mapping(data["technical"], "technical", ("weight", "most", "from", "line", "words"))
        tickets = self._mapping(data["open_tickets"], "open_tickets", ("weight", "most"))
        clock = self._mapping(data["hours"], "hours", ("counted", "from", "line"))
        priorities = self._mapping(data["priorities"], "priorities", _TICKETS)
        each = {name: self._mapping(one, f"priorities: {name}", ("from", "line")) for name, one in priorities.items()}
        reaches: dict[str, Decimal] = {
            name: self._number(each[name], "from", _REACHES, f"priorities: {name}") for name in _TICKETS
        }
        for lower, higher in pairwise(_TICKETS):
            if reaches[lower] >= reaches[higher]:
                raise self._wrong("priorities", f"{higher} begins at more points than {lower}")
        if not isinstance(clock["counted"], bool):
            raise self._wrong("hours", "counted is true or false")
        if clock["from"] not in _TICKETS:
            raise self._wrong("hours", f"from is one of {', '.join(_TICKETS)}")
        return DispatchTemplate(
            anger_above=self._number(anger, "above", _SHARE, "anger"),
            anger_weight=self._number(anger, "weight", _POINTS, "anger"),
            least_coverage=self._number(anger, "coverage", _SHARE, "anger"),
            anger_alone=self._number(anger, "alone", _SHARE, "anger"),
            technical_weight=self._number(technical, "weight", _SMALL, "technical"),
            technical_most=self._number(technical, "most", _POINTS, "technical"),
            technical_from=self._whole(technical["from"], "technical"),
            technical_line=self._line(technical["line"], lines, "technical"),
            words=self._words(technical["words"], "technical: words"),
            shows=self._weights(data["shows"], "shows", _POINTS),
            urgent=self._words(data["urgent"], "urgent"),
            ticket_weight=self._number(tickets, "weight", _SMALL, "open_tickets"),
            tickets_most=self._number(tickets, "most", _POINTS, "open_tickets"),
            tiers=self._weights(data["tiers"], "tiers", _TIMES),
            reaches=reaches,
            line_of={name: self._line(each[name]["line"], lines, f"priorities: {name}") for name in _TICKETS},
            by_clock=clock["counted"],
            clock_from=clock["from"],
            clock_line=self._line(clock["line"], lines, "hours"),
            lines=lines,
            text=text,
        )

    def _wrong(self, where: str, what: str) -> ValueError:
        return ValueError(f"{self._place}: {where + ': ' if where else ''}{what}")

    def _mapping(self, data: Any, where: str, keys: Sequence[str]) -> dict[Any, Any]:
        if not isinstance(data, dict):
            raise self._wrong(where, "is written as key: value")
        if unknown := [str(key) for key in data if key not in keys]:
            raise self._wrong(where, f"there is no such key as {unknown[0]}")
        if missing := [key for key in keys if key not in data]:
            raise self._wrong(where, f"{missing[0]} is missing")
        return data

    def _number(self, data: Mapping[Any, Any], key: str, bounds: _Bounds, where: str) -> Decimal:
        least, most = bounds
        value = data[key]
        try:
            if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
                raise InvalidOperation
            number = Decimal(str(value))
            exact = number.quantize(_HUNDREDTH)
        except InvalidOperation:
            exact, number = _NONE, Decimal("NaN")
        if not number.is_finite() or exact != number or not least <= number <= most:
            raise self._wrong(where, f"{key} is a number from {least} to {most} with at most two decimals")
        return exact

    def _whole(self, value: Any, where: str) -> int:
        number = int(value) if isinstance(value, float) and value.is_integer() else value
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= 20:
            raise self._wrong(where, "from is a whole number from 1 to 20")
        return number

    def _weights(self, data: Any, where: str, bounds: _Bounds) -> dict[str, Decimal]:
        if not isinstance(data, dict) or any(not isinstance(name, str) or not 0 < len(name) <= 60 for name in data):
            raise self._wrong(where, "is written as name: number (a name such as NO needs quotes)")
        return {name: self._number(data, name, bounds, where) for name in data}

    def _words(self, data: Any, where: str) -> tuple[str, ...]:
        lists = self._mapping(data, where, ("zh", "en"))
        words: list[Any] = [word for one in lists.values() for word in (one if isinstance(one, list) else [None])]
        if any(not isinstance(word, str) or not 0 < len(word.strip()) <= _LONGEST_WORD for word in words):
            raise self._wrong(where, f"zh and en are lists of words of at most {_LONGEST_WORD} characters")
        if len(words) > _MOST_WORDS:
            raise self._wrong(where, f"at most {_MOST_WORDS} words are looked for")
        return tuple(dict.fromkeys(word.strip().casefold() for word in words))

    def _lines(self, data: Any) -> dict[str, Line]:
        if not isinstance(data, dict) or not 0 < len(data) <= _MOST_LINES:
            raise self._wrong("lines", f"is from one to {_MOST_LINES} lines by name")
        return {str(name): self._desk(name, one) for name, one in data.items()}

    def _desk(self, name: Any, data: Any) -> Line:
        where = f"lines: {name}"
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise self._wrong("lines", f"{name} is no name: small letters, digits and _")
        if not isinstance(data, dict):
            raise self._wrong(where, "is written as key: value")
        full = {"zone": "Asia/Shanghai", "region": ""} | data
        full = self._mapping(full, where, ("zh", "en", "to", "works", "zone", "region"))
        if any(not isinstance(full[lang], str) or not 0 < len(full[lang].strip()) <= 40 for lang in ("zh", "en")):
            raise self._wrong(where, "zh and en are what the line is called, at most 40 characters")
        if not isinstance(full["to"], str) or not _WHO.fullmatch(full["to"]):
            raise self._wrong(where, "to is owner, group:@service, group:@managers or person:ID")
        if full["works"] not in ("hours", "always"):
            raise self._wrong(where, "works is hours or always")
        zone, region = full["zone"], full["region"]
        if not isinstance(zone, str) or not isinstance(region, str) or (zone != "UTC" and str(zone_of(zone)) != zone):
            raise self._wrong(where, f"there is no time zone {zone}")
        return Line(name, full["zh"].strip(), full["en"].strip(), full["to"], full["works"] == "hours", zone, region)

    def _line(self, name: Any, lines: Mapping[str, Line], where: str) -> str:
        if not isinstance(name, str) or name not in lines:
            raise self._wrong(where, f"there is no line called {name}")
        return name


def _written(data: Any) -> str:
    """A template as text; whoever saves one does not write its comments again."""
    plain = _plain(data)
    text: str = yaml.safe_dump(plain, allow_unicode=True, sort_keys=False, width=120)
    return text


def _plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _plain(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_plain(one) for one in data]
    return float(data) if isinstance(data, Decimal) else data


def _flat(data: Any, path: str = "") -> dict[str, str]:
    if isinstance(data, dict):
        found: dict[str, str] = {}
        for name, value in data.items():
            found |= _flat(value, f"{path}.{name}" if path else str(name))
        return found
    if isinstance(data, list):
        return {path: ", ".join(str(one) for one in data)}
    if isinstance(data, bool) or not isinstance(data, int | float):
        return {path: str(data).lower() if isinstance(data, bool) else str(data)}
    return {path: str(data) if isinstance(data, int) and path == "technical.from" else f"{data:.2f}"}


@lru_cache(maxsize=1)
def shipped_dispatch() -> DispatchTemplate:
    """What counts where nobody has written anything else."""
    return DispatchTemplate.read(SHIPPED_DISPATCH.read_text(encoding="utf-8"), SHIPPED_DISPATCH.name)
