"""The written form of a story: YAML in, frozen turns out; whatever it does not know is an error that names the place."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import yaml

DATABASES = ("sqlite", "postgresql")

_ACTION = re.compile(
    r"(?P<who>\w+)(?: in (?P<place>\w+))?(?: (?P<verb>presses again|presses old|presses first|presses|sends))?"
)
_SIGHT = re.compile(r"(?P<place>\w+) sees?(?P<negated> not)?")
_SPAN = re.compile(r"(\d+) (minute|hour|day)s?")
_RECORD = re.compile(r"(?P<kind>[a-z_]+) (?P<id>\w+)")
_BESIDE_AN_ACTION = {"reads", "sees", "sees not", "buttons", "lang"}

Values = Mapping[str, str | None]
"""Fields of a record as written, `nothing` for None; compared with what the record says as text."""


class Unreadable(ValueError):
    """A story file says something that the format does not have."""


@dataclass(frozen=True)
class Act:
    """Someone says (`verb` None), presses or sends something, and what must then have arrived where they are.

    `presses again` repeats the last press there, `presses old` finds the button on a card that has been redrawn since,
    `presses first` on the first card that had it.
    Who sends `voice WORDS` speaks a voice message; `call LINE / LINE` is a recording, as the fake listener hears it.
    `reads` is the intent it must be read as, or "unsure". `buttons` must be among the latest card's; "none" means it has
    none. A label that begins or ends with … stands for any label that ends or begins so.
    """

    who: str
    place: str | None
    verb: Literal["presses", "presses again", "presses old", "presses first", "sends"] | None
    what: str
    reads: str | None = None
    sees: tuple[str, ...] = ()
    sees_not: tuple[str, ...] = ()
    buttons: tuple[str, ...] | Literal["none"] = ()
    lang: str | None = None


@dataclass(frozen=True)
class See:
    """What the last act or the passing of time has brought to another conversation; no words at all: nothing."""

    place: str
    sees: tuple[str, ...]
    is_absent: bool = False


@dataclass(frozen=True)
class Passes:
    """Time goes by, and what was due in it happens."""

    by: timedelta


@dataclass(frozen=True)
class Meanwhile:
    """A record is changed by somebody else, not through Parley."""

    kind: str
    id: str
    values: Values


@dataclass(frozen=True)
class Holds:
    """A record holds these values now."""

    kind: str
    id: str
    values: Values


@dataclass(frozen=True)
class New:
    """Exactly this many records of a kind have come up since the story began; the newest holds these values."""

    kind: str
    count: int
    values: Values


@dataclass(frozen=True)
class Sound:
    """The chain of the record is whole."""


@dataclass(frozen=True)
class Corrected:
    """A correction was kept as training material: these words, this meaning (… for any)."""

    text: str
    meant: str


Turn = Act | See | Passes | Meanwhile | Holds | New | Sound | Corrected


@dataclass(frozen=True)
class Story:
    """A conversation with its expectations; it is played on each of `databases`."""

    title: str
    file: str
    turns: tuple[Turn, ...]
    databases: tuple[str, ...] = ("sqlite",)


def read_stories(folder: Path) -> list[Story]:
    """All stories of a folder, file by file. Raises Unreadable."""
    return [
        read_story(data, path.stem)
        for path in sorted(folder.glob("*.yaml"))
        # every scalar is text: what people say may be "yes", "2" or "null"
        for data in yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
    ]


def read_story(data: Any, file: str) -> Story:
    title = data.get("title", "?") if isinstance(data, Mapping) else "?"
    try:
        _only(data, {"title", "turns", "databases"})
        databases = tuple(data.get("databases", ("sqlite",)))
        if not set(databases) <= set(DATABASES):
            raise Unreadable(f"databases: {databases}")
        return Story(data["title"], file, tuple(turn for one in data["turns"] for turn in _turns(one)), databases)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Unreadable(f"{file}, “{title}”: {error}") from None


def _turns(data: Mapping[str, Any]) -> list[Turn]:
    first = next(iter(data))
    rest = {key: value for key, value in data.items() if key != first}
    if first in _BESIDE_AN_ACTION:
        raise Unreadable(f"a turn begins with {first}")
    if first in ("passes", "meanwhile", "record", "new", "audit", "correction"):
        _only(rest, set())
        return _state_turns(first, data[first])
    if sight := _SIGHT.fullmatch(first):
        _only(rest, set())
        nothing = data[first] == "nothing"
        return [See(sight["place"], () if nothing else _words(data[first]), sight["negated"] is not None)]
    action = _ACTION.fullmatch(first)
    if action is None:
        raise Unreadable(f"nobody knows what “{first}” means")
    _only(rest, _BESIDE_AN_ACTION)
    return [_act(action, str(data[first]), rest)]


def _act(action: re.Match[str], what: str, rest: Mapping[str, Any]) -> Act:
    if action["verb"] == "sends" and what not in ("voice", "file") and not what.startswith(("voice ", "call ")):
        raise Unreadable(f"nobody can send a {what}")
    buttons = rest.get("buttons", ())
    return Act(
        action["who"],
        action["place"],
        action["verb"],  # type: ignore[arg-type]  # the pattern knows no other verbs
        what,
        rest.get("reads"),
        _words(rest.get("sees", ())),
        _words(rest.get("sees not", ())),
        "none" if buttons == "none" else _words(buttons),
        rest.get("lang"),
    )


def _state_turns(kind: str, value: Any) -> list[Turn]:
    match kind:
        case "passes":
            return [Passes(_span(value))]
        case "audit" if value == "sound":
            return [Sound()]
        case "correction":
            return [Corrected(text, meant) for text, meant in value.items()]
        case "meanwhile":
            return [Meanwhile(*_named(name), _values(values)) for name, values in value.items()]
        case "record":
            return [Holds(*_named(name), _values(values)) for name, values in value.items()]
        case "new":
            return [_new(name, values) for name, values in value.items()]
        case _:
            raise Unreadable(f"{kind}: {value}")


def _new(name: str, values: Any) -> New:
    if isinstance(values, Mapping):
        return New(name, 1, _values(values))
    return New(name, int(values), {})


def _span(text: str) -> timedelta:
    found = _SPAN.fullmatch(str(text))
    if found is None:
        raise Unreadable(f"how long is “{text}”?")
    return timedelta(**{f"{found[2]}s": int(found[1])})


def _named(name: str) -> tuple[str, str]:
    found = _RECORD.fullmatch(name)
    if found is None:
        raise Unreadable(f"which record is “{name}”?")
    return found["kind"], found["id"]


def _values(values: Mapping[str, Any]) -> Values:
    return {key: None if value == "nothing" else str(value) for key, value in values.items()}


def as_written(value: Any) -> str:
    """A value in the form in which stories write it: text, and yes/no as true/false."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _words(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(str(one) for one in value)


def _only(data: Mapping[str, Any], known: set[str]) -> None:
    if unknown := set(data) - known:
        raise Unreadable(f"unknown: {', '.join(sorted(unknown))}")
