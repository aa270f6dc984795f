"""What a rule may look at, with the type of each name: the numbers of the act, and every field of the records behind it.

The fields are generated from the dataclasses of actions/crm/records.py and from the arguments of the commands, so that a
rule, a record, its column and an import file's header all speak of the same thing.
"""

import math
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from actions.crm.records import Contact, Contract, Customer, Deal, Lead, Recording, Role, Speaker, Ticket
from actions.policy.expression import BOOL, DOUBLE, DYN, INT, STRING, STRINGS, TIMESTAMP

Sight = Mapping[str, Any]
"""What a rule looks at, by name. A name that is missing could not be known: a rule that needs it asks a person."""

VARIABLES: dict[str, Any] = {
    "command": STRING,
    "role": STRING,
    "region": STRING,
    "amount_cny": DOUBLE,
    "currency": STRING,
    "rates_age_days": INT,
    "contract": BOOL,
    "discount": DOUBLE,
    "discount_agreed": DOUBLE,
    "records": INT,
    "crosses_border": BOOL,
    "destination": STRING,
    "people": INT,
    "people_year": INT,
    "people_destination": INT,
    "sensitive_year": INT,
    "legal_data": BOOL,
    "signed_by": STRINGS,
    "outward": BOOL,
    "confidence": DOUBLE,
    "hour": INT,
    "weekday": INT,
    "working_time": BOOL,
    "quiet_time": BOOL,
    "now": TIMESTAMP,
}
"""The act in numbers and flags."""

RECORDS: dict[str, type[Any]] = {
    "deal": Deal,
    "customer": Customer,
    "lead": Lead,
    "contact": Contact,
    "ticket": Ticket,
    "contract": Contract,
    "recording": Recording,
}
"""The records behind an act, by the name a rule calls them. `has_deal` says whether there is one."""
_SPEAKER = ("person_id", "role", "name", "lang", "region", "zone", "manager_id", "customer_id", "team")
_CEL: dict[type[Any], Any] = {str: STRING, bool: BOOL, int: INT, float: DOUBLE, Decimal: DOUBLE}


@cache
def types_of() -> dict[str, Any]:
    """Every name and its CEL type. Optional fields have a flag beside them: `deal.has_close_date`."""
    found = dict(VARIABLES)
    for kind, made in RECORDS.items():
        found[f"has_{kind}"] = BOOL
        found |= _types(kind, made)
    speaker = _types("speaker", Speaker)
    found |= {name: cel for name, cel in speaker.items() if name.split(".")[1].removeprefix("has_") in _SPEAKER}
    found |= {"speaker.is_staff": BOOL, "command.name": STRING}
    for command in _commands().values():
        for name, cel in _types("command", command).items():
            found[name] = cel if found.get(name, cel) == cel else DYN
    return found


@cache
def choices_of() -> dict[str, frozenset[str]]:
    """Every value of those names that can only have a few: stages, kinds, roles, commands."""
    commands = frozenset(_commands())
    found = {"command": commands, "command.name": commands, "role": frozenset(get_args(Role))}
    for kind, made in {**RECORDS, "speaker": Speaker}.items():
        for field, hint in _hints(made):
            if get_origin(hint) is Literal:
                found[f"{kind}.{field}"] = frozenset(get_args(hint))
    return found


def values_of(kind: str, record: Any) -> dict[str, Any]:
    """The fields of a record as a rule sees them; `has_` says so where there is none. Fields that are empty are left out,
    texts among them empty."""
    if record is None:
        return {f"has_{kind}": False} if kind in RECORDS else {}
    found: dict[str, Any] = {f"has_{kind}": True} if kind in RECORDS else {}
    for name, field, is_optional, hint in _shape(kind, record.__class__):
        value = getattr(record, field)
        if is_optional:
            found[f"{kind}.has_{field}"] = value is not None and value != ""
        if value is None:
            if hint is str:
                found[name] = ""
            continue
        found[name] = value_of(value)
    return found


def value_of(value: Any) -> Any:
    """One typed value as CEL takes it: amounts as double, days as their first moment in UTC, sets as lists."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    if isinstance(value, frozenset | set):
        return sorted(value)
    return list(value) if isinstance(value, tuple) else value


def sight_to_json(sight: Sight) -> dict[str, Any]:
    """A sight as it can be kept with a decision, to be judged again later."""
    return {name: seen_to_json(value) for name, value in sight.items()}


def sight_from_json(data: Mapping[str, Any]) -> dict[str, Any]:
    """The sight that `sight_to_json` wrote. What does not fit its name any more is left out: a rule that needs it asks."""
    found = dict(data)
    for name, value in data.items():
        wanted = types_of().get(name)
        if wanted is None or not isinstance(value, str) or wanted not in (TIMESTAMP, DOUBLE):
            continue
        try:
            found[name] = float(value) if wanted == DOUBLE else value_of(datetime.fromisoformat(value))
        except ValueError:
            del found[name]
    return found


def seen_to_json(value: Any) -> Any:
    """One value of a sight: times as ISO text in UTC, a number that JSON does not have as its name."""
    if isinstance(value, date):
        return value_of(value).isoformat()
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def speaker_values(speaker: Speaker) -> dict[str, Any]:
    return {**values_of("speaker", speaker), "speaker.is_staff": speaker.is_staff}


def command_values(command: Any) -> dict[str, Any]:
    """The name and the arguments of a command; one without fields has only its name."""
    found = values_of("command", command) if is_dataclass(command) else {}
    return {**found, "command.name": command.name}


def _types(kind: str, made: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field, is_optional, hint in _shape(kind, made):
        found[name] = _CEL.get(hint, TIMESTAMP if hint is datetime else STRINGS)
        if is_optional:
            found[f"{kind}.has_{field}"] = BOOL
    return found


@cache
def _shape(kind: str, made: Any) -> tuple[tuple[str, str, bool, Any], ...]:
    """Of each field that a rule can look at: its name in rules, its own, whether it may be empty, and what it holds (dates
    count as datetime, several texts as tuple)."""
    found = []
    for field, is_optional, hint in _plain_hints(made):
        if hint is not None:
            found.append((f"{kind}.{field}", field, is_optional, hint))
    return tuple(found)


def _plain_hints(made: type[Any]) -> Iterator[tuple[str, bool, Any]]:
    hints = get_type_hints(made)
    for one in fields(made):
        hint, is_optional = _without_none(hints[one.name])
        yield one.name, is_optional, _plain(hint)


def _hints(made: type[Any]) -> Sequence[tuple[str, Any]]:
    hints = get_type_hints(made)
    return [(one.name, _without_none(hints[one.name])[0]) for one in fields(made)]


def _without_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) not in (Union, types.UnionType):
        return hint, False
    rest = [part for part in get_args(hint) if part is not type(None)]
    return (rest[0] if len(rest) == 1 else None), len(rest) < len(get_args(hint))


def _plain(hint: Any) -> Any:
    if get_origin(hint) is Literal:
        return str if all(isinstance(one, str) for one in get_args(hint)) else None
    if get_origin(hint) in (tuple, frozenset, list):
        return tuple if set(get_args(hint)) - {Ellipsis} == {str} else None
    if isinstance(hint, type) and (issubclass(hint, date) or hint.__name__ == "AwareDatetime"):
        return datetime
    return hint if hint in _CEL else None


@cache
def _commands() -> dict[str, type[Any]]:
    # the roster loads the store; only whoever reads a policy pays for that
    from actions.commands.roster import COMMANDS  # noqa: PLC0415

    return {name: command for name, command in COMMANDS.items() if is_dataclass(command)}
