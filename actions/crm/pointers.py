"""What a cell may point at while files come in: a record, by its id or the name people write (`华康医疗`, `Lin Yue`)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from actions.crm.columns import ROW_KINDS, Kind
from actions.outside.store import Tx

_CALLED: Mapping[str, tuple[str, ...]] = {
    "employee": ("name", "name_en"),
    "customer": ("name", "name_en", "aliases"),
    "contact": ("name", "name_en"),
    "product": ("name", "name_en", "aliases"),
    "deal": ("title",),
    "lead": ("company",),
}


@dataclass
class Pointers:
    """Grows as kinds are learnt; `find` itself asks nobody."""

    ids: dict[str, set[str]] = field(default_factory=dict)
    names: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    countries: dict[str, str] = field(default_factory=dict)
    natures: dict[tuple[Any, ...], str] = field(default_factory=dict)
    has_natures: bool = False

    async def learn(self, tx: Tx, kinds: Iterable[str]) -> None:
        """Know every record of these kinds, as the transaction sees them now."""
        for kind in kinds:
            table = ROW_KINDS[kind].table
            called = _CALLED.get(kind, ())
            self.ids[kind], self.names[kind] = set(), {}
            for record_id, *said in await tx.execute(select(table.c.id, *(table.c[name] for name in called))):
                self.ids[kind].add(record_id)
                for name in (part for text in said for part in (text or "").split("|")):
                    self.names[kind].setdefault(name.strip().casefold(), set()).add(record_id)
            if kind == "customer":
                self.countries = {row.id: row.country for row in await tx.execute(select(table.c.id, table.c.country))}

    async def learn_natures(self, tx: Tx, kind: Kind) -> None:
        """Know, once, what the rows of this kind say in their natural columns, so that one without an id finds its own."""
        if self.has_natures:
            return
        self.has_natures = True
        table = kind.table
        natural = (table.c[name] for name in kind.natural)
        for record_id, *said in await tx.execute(select(table.c.id, *natural).order_by(table.c.id.desc())):
            self.natures[nature(said)] = record_id

    def find(self, kinds: tuple[str, ...], text: str) -> str:
        """The id meant; ValueError says that there is none, or several."""
        if any(text in self.ids[kind] for kind in kinds):
            return text
        meant = {one for kind in kinds for one in self.names[kind].get(text.casefold(), ())}
        if len(meant) > 1:
            raise ValueError(f"fits several: {', '.join(sorted(meant)[:5])}; write the id")
        if not meant:
            raise ValueError(f"is no {' or '.join(kinds)} known here, by id or by name")
        return meant.pop()


def nature(values: Iterable[Any]) -> tuple[Any, ...]:
    """Values of natural columns in the form in which they are compared."""
    return tuple((value or "").casefold() if isinstance(value, str | None) else value for value in values)
