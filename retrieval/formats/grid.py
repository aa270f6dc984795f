"""Rows of cells as a Markdown table."""

from collections.abc import Iterable, Sequence


def table(rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table whose first row is the heading; empty rows and columns are left out."""
    cells = [[_cell(value) for value in row] for row in rows]
    cells = [row for row in cells if any(row)]
    if not cells:
        return []
    width = max(len(row) for row in cells)
    cells = [[*row, *[""] * (width - len(row))] for row in cells]
    used = [column for column in range(width) if any(row[column] for row in cells)]
    lines = ["| " + " | ".join(row[column] for column in used) + " |" for row in cells]
    return [lines[0], "|" + "---|" * len(used), *lines[1:]]


def _cell(value: str) -> str:
    return " ".join(value.split()).replace("|", "/")
