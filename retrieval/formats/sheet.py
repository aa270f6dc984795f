"""Workbooks and comma-separated values: each sheet a section, its rows a table."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice

from retrieval.formats.bad import BadDocumentError
from retrieval.formats.grid import table
from retrieval.formats.packed import checked
from retrieval.formats.plain import read as read_text

MOST_ROWS = 20_000  # of one sheet; more is an export of records, which belongs into the CRM
_MOST_COLUMNS = 60


def read_workbook(content: bytes) -> str:
    """Every sheet with something in it."""
    from openpyxl import load_workbook  # noqa: PLC0415 - a third of a second that few files need

    file = checked(content)
    try:
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        lines: list[str] = []
        for sheet in book.worksheets:
            rows = ([_shown(value) for value in row[:_MOST_COLUMNS]] for row in sheet.iter_rows(values_only=True))
            if cells := table(_few(rows)):
                lines += [f"## {sheet.title}", "", *cells, ""]
        book.close()
    except BadDocumentError:
        raise
    except Exception as error:  # openpyxl raises whatever the broken part made it stumble on
        raise BadDocumentError("it is broken or not what its ending says") from error
    return "\n".join(lines)


def read_values(content: bytes) -> str:
    """The rows of a CSV file, whichever sign parts its cells."""
    text = read_text(content)
    try:
        shape: type[csv.Dialect] | csv.Dialect = csv.Sniffer().sniff(text[:4_000], delimiters=",;\t|")
    except csv.Error:
        shape = csv.excel
    try:
        return "\n".join(table(_few(row[:_MOST_COLUMNS] for row in csv.reader(io.StringIO(text), shape))))
    except csv.Error as error:
        raise BadDocumentError(f"it is not a table ({error})") from error


def _few(rows: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
    taken = list(islice(rows, MOST_ROWS + 1))
    if len(taken) > MOST_ROWS:
        raise BadDocumentError(
            f"one of its sheets has more than {MOST_ROWS:,} rows; records belong into the CRM", "too_large"
        )
    yield from taken


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime) and value.time() == datetime.min.time():
        return value.date().isoformat()
    if isinstance(value, datetime | date):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
