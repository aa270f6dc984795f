"""Files become records: CSV and XLSX rows are read, checked and written to the store, each bad row told, each good row kept.

This is the way in for whoever runs the house; people in chat change records only through carry_out. A row is known by its
id, or without one by what it says (`natural` in columns.py), so that the same file twice changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from actions.audit import Entry, append
from actions.crm.cells import HOUSE_ZONE
from actions.crm.columns import ROW_KINDS, kind_for
from actions.crm.sheets import UnreadableError, sheets_of
from actions.crm.take_in import Problem, Progress, Report, Source, take_in
from actions.outside.store import Store, Tx

_WHATS = ("new", "changed", "same")


@dataclass(frozen=True)
class Count:
    """How many rows of a kind were new, changed what was there, or said nothing new."""

    new: int = 0
    changed: int = 0
    same: int = 0


@dataclass(frozen=True)
class Imported:
    """What became of the files. `problems` are the first thousand, `left_out` how many more there were."""

    counts: Mapping[str, Count]
    problems: tuple[Problem, ...]
    left_out: int = 0


async def import_files(store: Store, paths: Iterable[Path], *, now: datetime, progress: Progress | None = None) -> Imported:
    """Take in every CSV and XLSX file (of a folder: those in it), customers before their deals whatever the order given.

    Each file, or sheet, is one transaction: bad rows are reported and left out, the good ones go in; a file that breaks
    off in the middle (bad quotes, damaged XML) changes nothing. An empty cell empties its field; a column that is not
    there leaves the field alone. Relative dates count from the day that `now` is in HOUSE_ZONE. What each file changed is
    an entry of the record, by numbers.
    """
    today = now.astimezone(HOUSE_ZONE).date()
    report = Report()
    for source in _in_order(paths, report):
        told = Report()
        try:
            async with store.write() as tx:
                await take_in(tx, source, today, told, progress)
                await append(tx, now, _entry(source, told))
        except UnreadableError as error:
            told = Report()
            told.note(Problem(source.label, error.line or 0, "", f"{error}; nothing of it was taken in"))
        report.add(told)
    return _imported(report)


async def import_at_once(tx: Tx, paths: Iterable[Path], *, today: date) -> Imported:
    """The same within the caller's transaction, for all files together; UnreadableError means: roll back."""
    report = Report()
    for source in _in_order(paths, report):
        await take_in(tx, source, today, report, None)
    return _imported(report)


def _entry(source: Source, report: Report) -> Entry:
    numbers = {what: report.counts[source.kind.name, what] for what in _WHATS}
    return Entry("change", None, f"import:{source.kind.name}", {"file": source.label, **numbers})


def _in_order(paths: Iterable[Path], report: Report) -> list[Source]:
    """Every sheet of known kind, those that others point at first; what has no kind or cannot be opened is noted."""
    sources = []
    for path in _inside_folders(paths):
        try:
            sheets = sheets_of(path)
        except UnreadableError as error:
            report.note(Problem(path.name, 0, "", str(error)))
            continue
        for sheet in sheets:
            label = f"{path.name} [{sheet.name}]" if sheet.name else path.name
            # a lone sheet is often called Sheet1; then the file's name says what it holds
            kind = kind_for(sheet.name) or (kind_for(path.stem) if len(sheets) == 1 else None)
            if kind is None:
                known = ", ".join(kind.file for kind in ROW_KINDS.values())
                report.note(Problem(label, 0, "", f"its name does not say what it holds; call it one of {known}"))
                continue
            sources.append(Source(sheet, kind, label))
    return sorted(sources, key=lambda source: list(ROW_KINDS).index(source.kind.name))


def _inside_folders(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(inside for inside in path.iterdir() if inside.suffix.lower() in (".csv", ".xlsx"))
        else:
            yield path


def _imported(report: Report) -> Imported:
    kinds = {kind for kind, _ in report.counts}
    counts = {name: Count(*(report.counts[name, what] for what in _WHATS)) for name in ROW_KINDS if name in kinds}
    return Imported(counts, tuple(report.problems), report.left_out)
