"""Strategies for property tests: any command of the roster, with any arguments its types allow."""

from dataclasses import fields, is_dataclass
from datetime import UTC, date
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from pydantic import AwareDatetime

from actions.commands.roster import COMMANDS
from actions.proposal import Command

_IDS = st.sampled_from(["C001", "C002", "D001", "D002", "D004", "L001", "L003", "E01", "T001", "K001", "P01", "R001", "X9"])
TEXT = st.text(max_size=20)


def _argument(hint: Any) -> st.SearchStrategy[Any]:
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) is tuple:
        inner = get_args(hint)[0]
        return st.lists(_IDS if inner is str else _argument(inner), max_size=4).map(tuple)
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(hint, **{field.name: _argument(hints[field.name]) for field in fields(hint)})
    if isinstance(hint, UnionType) or type(None) in get_args(hint):
        return st.one_of(*(_argument(part) for part in get_args(hint)))
    by_type: dict[Any, st.SearchStrategy[Any]] = {
        str: _IDS | TEXT,
        bool: st.booleans(),
        int: st.integers(0, 10**6),
        float: st.floats(0, 10**6),
        Decimal: st.decimals(0, 10**9, places=2),
        AwareDatetime: st.datetimes(timezones=st.just(UTC)),
        date: st.dates(date(2000, 1, 1), date(2100, 1, 1)),
        NoneType: st.none(),
    }
    return by_type[hint]


@st.composite
def commands(draw: st.DrawFn) -> Command:
    command = COMMANDS[draw(st.sampled_from(sorted(COMMANDS)))]
    hints = get_type_hints(command)
    arguments = {field.name: draw(_argument(hints[field.name])) for field in fields(command)}  # type: ignore[arg-type]
    return command(**arguments)
