"""One sheet into the store: headings to columns, cells to values, rows to inserts and updates, batch by batch."""

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlalchemy import and_, bindparam, delete, insert, select, tuple_, update

from actions.commands.crm import reminder_timer
from actions.crm.cells import clean, read_cell, read_money
from actions.crm.columns import Column, Kind, column_for
from actions.crm.pointers import Pointers, nature
from actions.crm.sheets import Line, Sheet, UnreadableError
from actions.outside.store import Tx
from actions.outside.tables import TimerRow

MOST_PROBLEMS = 1_000
"""So many problems are kept to be told; the rest are only counted."""

_BATCH = 500  # rows for one statement; their keys stay well below SQLite's 32,766 variables
_Key = tuple[Any, ...]
_ID = re.compile(r"[\w.@-]{1,64}")

Progress = Callable[[str, int], None]
"""Told after every batch: the file, and how many of its rows have been read."""


@dataclass(frozen=True)
class Problem:
    """Something in a file that could not be taken in. `line` counts from 1; 0 and an empty `column` mean the whole file."""

    file: str
    line: int
    column: str
    text: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{where}, {self.column}: {self.text}" if self.column else f"{where}: {self.text}"


@dataclass
class Report:
    """Counted and noted while files come in; `counts` by kind and by new, changed, same."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    left_out: int = 0

    def note(self, problem: Problem) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)
        else:
            self.left_out += 1

    def add(self, other: "Report") -> None:
        self.counts += other.counts
        for problem in other.problems:
            self.note(problem)
        self.left_out += other.left_out


@dataclass(frozen=True)
class Source:
    """One sheet of known kind, and what to call it when something is wrong with it."""

    sheet: Sheet
    kind: Kind
    label: str


@dataclass(frozen=True)
class _Row:
    """One row as read: the values of the columns that are there, and what it says about others of its own kind."""

    line: int
    values: dict[str, Any]
    kin: dict[str, str]


async def take_in(tx: Tx, source: Source, today: date, report: Report, progress: Progress | None) -> None:
    """Write the good rows of a sheet within the caller's transaction and note the bad ones.

    Raises UnreadableError when the sheet breaks off or cannot be rows of its kind: then roll back.
    """
    await _Intake(tx, source, today, report).run(progress)


class _Intake:
    """The taking in of one sheet: what its headings mean, who can be pointed at, which rows wait for kin further down."""

    def __init__(self, tx: Tx, source: Source, today: date, report: Report) -> None:
        self.tx = tx
        self.kind = source.kind
        self.label = source.label
        self.lines = source.sheet.lines()
        self.today = today
        self.report = report
        self.pointers = Pointers()
        self.headings: list[str] = []
        self.columns: list[Column | None] = []
        self.waiting: list[_Row] = []

    async def run(self, progress: Progress | None) -> None:
        await self.read_headings()
        kinds = {kind for column in filter(None, self.columns) for kind in column.points_at}
        await self.pointers.learn(self.tx, sorted(kinds - {self.kind.name}))
        done = 0
        while lines := await asyncio.to_thread(lambda: list(islice(self.lines, _BATCH))):
            rows = [row for line in lines if not line.is_blank and (row := self.read(line))]
            await self.write(await self.with_ids(rows))
            done += len(lines)
            if progress:
                progress(self.label, done)
        await self.join_kin()

    def note(self, line: int, column: str, text: str) -> None:
        self.report.note(Problem(self.label, line, column, text))

    # --- headings and cells ----------------------------------------------------------------------------------------------

    async def read_headings(self) -> None:
        first = await asyncio.to_thread(lambda: next((line for line in self.lines if not line.is_blank), None))
        if first is None:
            raise UnreadableError("the file is empty")
        self.headings = [heading.strip() for heading in first.cells]
        self.columns = [column_for(self.kind, heading) for heading in self.headings]
        known = Counter(column.name for column in self.columns if column)
        if not known:
            raise UnreadableError(f"no heading is known; a file of {self.kind.file} has {', '.join(self.kind.columns)}")
        if twice := [name for name, times in known.items() if times > 1]:
            raise UnreadableError(f"two columns hold the same field, {twice[0]}", first.number)
        for heading, column in zip(self.headings, self.columns, strict=True):
            if heading and column is None:
                self.note(first.number, heading, "is no heading known here; the column was left out")

    def read(self, line: Line) -> _Row | None:
        """The row, or None with everything that is wrong with it noted."""
        row, is_good = _Row(line.number, {}, {}), True
        cells = [*line.cells, *[""] * (len(self.columns) - len(line.cells))]
        columns = zip(self.headings, self.columns, cells, strict=False)
        # telephone numbers depend on the country, amounts on the currency: they come last
        for heading, column, cell in sorted(
            columns, key=lambda one: one[1] is not None and one[1].shape in ("phone", "money")
        ):
            if column is None:
                continue
            try:
                self.read_into(row, column, clean(cell))
            except ValueError as error:
                is_good = False
                self.note(line.number, heading, _told(cell, str(error)))
        if any(cell.strip() for cell in line.cells[len(self.columns) :]):
            is_good = False
            self.note(line.number, "", "there are more cells than headings")
        return row if is_good else None

    def read_into(self, row: _Row, column: Column, text: str) -> None:
        """Put one cell's value where it belongs; ValueError says what is wrong with the cell."""
        values = row.values
        if not text:
            if column.is_required:
                raise ValueError("is empty")
            if column.name != "id":
                values[column.name] = None if column.is_optional else column.default
        elif column.name == "id":
            if not _ID.fullmatch(text):
                raise ValueError("is no id: letters, digits and . _ @ - only, at most 64")
            values["id"] = text
        elif self.kind.name in column.points_at:
            row.kin[column.name] = text
        elif column.points_at:
            values[column.name] = self.pointers.find(column.points_at, text)
        elif column.shape == "money":
            values[column.name] = self.money(row, column, text)
        else:
            country = values.get("country") or self.pointers.countries.get(values.get("customer_id") or "", "CN")
            values[column.name] = read_cell(column, text, today=self.today, country=country)

    def money(self, row: _Row, column: Column, text: str) -> Decimal:
        amount, named = read_money(text)
        if named and column.name == "price_usd" and named != "USD":
            raise ValueError("is not in US dollars")
        if named and column.name != "price_usd" and row.values.setdefault("currency", named) != named:
            raise ValueError(f"is not in {row.values['currency']}, as the currency column says")
        return amount

    # --- rows ------------------------------------------------------------------------------------------------------------

    async def with_ids(self, rows: list[_Row]) -> list[_Row]:
        """The rows with an id each; one without is known by what it says, and so finds its record again."""
        nameless = [row for row in rows if self.kind.natural and "id" not in row.values]
        if nameless:
            await self.pointers.learn_natures(self.tx, self.kind)
        for row in nameless:
            said = nature(row.values.get(name) for name in self.kind.natural)
            row.values["id"] = self.pointers.natures.get(said) or f"{self.kind.prefix}-{_digest(said)}"
        return rows

    async def write(self, rows: list[_Row]) -> None:
        """Insert what is new, update what changed; of two rows with one key the later adds to the earlier."""
        known = await self.known([self.key(row.values) for row in rows])
        new: dict[_Key, dict[str, Any]] = {}
        changed: dict[_Key, dict[str, Any]] = {}
        for row in rows:
            key = self.key(row.values)
            before = known.get(key)
            if before is None and not self.is_whole(row):
                continue
            if before is None:
                new[key] = known[key] = {name: column.default for name, column in self.kind.columns.items()} | row.values
                self.count("new")
            elif any(before[name] != value for name, value in row.values.items()):
                before.update(row.values)
                if key not in new:
                    changed[key] = before
                self.count("changed")
            else:
                self.count("same")
            if row.kin:
                self.waiting.append(row)
        await self.insert_and_update(list(new.values()), list(changed.values()))

    def is_whole(self, row: _Row) -> bool:
        """Whether a row that is new has all it needs; what it lacks is noted."""
        given = row.values.keys() | row.kin.keys()
        lacking = [name for name, column in self.kind.columns.items() if column.is_required and name not in given]
        for name in lacking:
            self.note(row.line, name, "is needed for a new row, and there is no such column")
        return not lacking

    async def known(self, keys: list[_Key]) -> dict[_Key, dict[str, Any]]:
        """The rows that are there already, by key."""
        table = self.kind.table
        columns = [table.c[name] for name in self.kind.key]
        is_wanted = tuple_(*columns).in_(keys) if len(columns) > 1 else columns[0].in_([key[0] for key in keys])
        found = await self.tx.execute(select(*(table.c[name] for name in self.kind.columns)).where(is_wanted))
        return {self.key(row): dict(row) for row in found.mappings()}

    async def insert_and_update(self, new: list[dict[str, Any]], changed: list[dict[str, Any]]) -> None:
        table = self.kind.table
        if new:
            await self.tx.execute(insert(table), new)
        if changed:
            is_it = and_(*(table.c[name] == bindparam(f"key_{name}") for name in self.kind.key))
            keyed = [row | {f"key_{name}": row[name] for name in self.kind.key} for row in changed]
            await self.tx.execute(update(table).where(is_it), keyed)
        if self.kind.name == "reminder":
            await self.set_timers([*new, *changed])

    async def set_timers(self, reminders: list[dict[str, Any]]) -> None:
        """A reminder only arrives if something wakes us for it."""
        for reminder in reminders:
            key = reminder_timer(reminder["id"])
            await self.tx.execute(delete(TimerRow).where(TimerRow.key == key))
            if reminder["state"] == "waiting":
                timer = {"key": key, "kind": "reminder", "due_at": reminder["due_at"], "data": {"reminder": reminder["id"]}}
                await self.tx.execute(insert(TimerRow).values(**timer, state="waiting", attempts=0))

    async def join_kin(self) -> None:
        """Now that everybody is in: who reports to whom, what is cheaper than what."""
        if not self.waiting:
            return
        await self.pointers.learn(self.tx, [self.kind.name])
        table = self.kind.table
        for row in self.waiting:
            for name, text in row.kin.items():
                try:
                    meant = self.pointers.find(self.kind.columns[name].points_at, text)
                except ValueError as error:
                    self.note(row.line, name, _told(text, f"{error}; the field was left as it is"))
                    continue
                is_it = table.c.id == row.values["id"]
                await self.tx.execute(
                    update(table).where(is_it, table.c[name].is_distinct_from(meant)).values({name: meant})
                )

    def key(self, values: Mapping[Any, Any]) -> _Key:
        return tuple(values[name] for name in self.kind.key)

    def count(self, what: str) -> None:
        self.report.counts[self.kind.name, what] += 1


def _told(cell: str, what: str) -> str:
    shown = cell.strip()
    return f"“{shown[:40]}{'…' if len(shown) > 40 else ''}” {what}" if shown else what


def _digest(said: tuple[Any, ...]) -> str:
    return hashlib.sha256("\x1f".join(map(str, said)).encode()).hexdigest()[:8]
