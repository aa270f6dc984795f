"""A measured figure and the table that `parley bench` prints; where a figure is, what it is compared with is beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One line: `value` in `unit`; `beside` is what it is compared with, from the same run; `aim` is the most (or least)."""

    what: str
    value: float
    unit: str
    beside: str = ""
    against: float | None = None
    aim: str = ""


@dataclass(frozen=True)
class Result:
    """What one benchmark found. `notes` say under which circumstances."""

    title: str
    figures: Sequence[Figure]
    notes: Sequence[str] = ()


def spread(
    what: str, milliseconds: Sequence[float], floor: Sequence[float] = (), beside: str = "", **aims: str
) -> list[Figure]:
    """Median, 95th and 99th percentile of durations, each beside that of the floor. `aims` by name: p50, p95, p99."""
    if not milliseconds:
        return [Figure(f"{what} (none)", 0, "ms")]
    return [
        Figure(
            f"{what}, p{share}",
            percentile(milliseconds, share),
            "ms",
            f"{beside}, p{share}" if floor else "",
            percentile(floor, share) if floor else None,
            aims.get(f"p{share}", ""),
        )
        for share in (50, 95, 99)
    ]


def percentile(values: Sequence[float], share: float) -> float:
    return float(np.percentile(np.asarray(values), share))


def show(results: Sequence[Result]) -> None:
    console = Console(width=None if Console().is_terminal else 150)
    for result in results:
        table = Table(title=result.title, title_justify="left", title_style="bold")
        for heading in ("figure", "measured", "aim", "compared with", "there", "ratio"):
            table.add_column(heading, justify="right" if heading in ("measured", "there", "ratio") else "left")
        for one in result.figures:
            there = "" if one.against is None else _amount(one.against, one.unit)
            ratio = f"{one.value / one.against:.2f}" if one.against else ""
            table.add_row(one.what, _amount(one.value, one.unit), one.aim, one.beside, there, ratio)
        console.print(table)
        for note in result.notes:
            console.print(f"  {note}", highlight=False)
        console.print()


def _amount(value: float, unit: str) -> str:
    digits = 0 if value == int(value) or value >= 1000 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:.{digits}f} {unit}".rstrip()
