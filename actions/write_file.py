"""Records to a CSV file in the home's `exports` folder: the effect WriteFile, written whole or not at all."""

import csv
import os
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from actions.crm.own import json_value
from actions.crm.records import KINDS, Record


def write_file(home: Path, name: str, kind: str, records: Sequence[Record]) -> Path:
    """Write one line a record under a header of field names; the file appears under its name only when complete.

    Raises ValueError where the name is not a plain file name, OSError where it cannot be written.
    """
    if not name or Path(name).name != name or name.startswith("."):
        raise ValueError("an export needs a plain file name")
    folder = home / "exports"
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{name}.part"
    try:
        # the byte order mark is what makes spreadsheet programs read Chinese
        with unfinished.open("w", encoding="utf-8-sig", newline="") as file:
            rows = csv.writer(file)
            names = [field.name for field in fields(KINDS[kind])]
            rows.writerow(names)
            rows.writerows([_cell(getattr(record, field)) for field in names] for record in records)
            file.flush()
            os.fsync(file.fileno())
        return unfinished.replace(folder / name)
    finally:
        unfinished.unlink(missing_ok=True)


def _cell(value: object) -> str:
    """The value as text that a spreadsheet will not take for a formula."""
    text = "" if value is None else str(json_value(value))
    is_number = text.lstrip("+-").replace(".", "", 1).isdigit()
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) and not is_number else text
