"""Files of rows, CSV and XLSX: read as a stream of text cells with line numbers, written so that they read back the same.

Whatever a file claims, memory stays bounded; a file that cannot be read raises UnreadableError with one clear sentence.
"""

import codecs
import csv
import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

MAX_FILE_BYTES = 200 * 1024 * 1024
MAX_UNPACKED_BYTES = 512 * 1024 * 1024
MAX_SWELLING = 200
"""An XLSX is a ZIP of XML, which packs ten- to thirtyfold; a bomb packs a thousandfold."""
MAX_PARTS = 2_000
MAX_COLUMNS = 256
MAX_ROWS = 1_048_576  # of a sheet, as Excel has it

_BLOCK = 1 << 20
_FORMULA = re.compile(r"'*[=@+\-\t\r]")
_NUMBER = re.compile(r"[+-][\d\s().]*")
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class UnreadableError(ValueError):
    """A file cannot be read as rows; `line` is where, if that is known."""

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.line = line


@dataclass(frozen=True)
class Line:
    """One row as text; `number` counts from 1 and is the line on which the row begins."""

    number: int
    cells: tuple[str, ...]

    @property
    def is_blank(self) -> bool:
        return not any(cell.strip() for cell in self.cells)


@dataclass(frozen=True)
class Sheet:
    """One sheet of an XLSX (`name`), or a whole CSV file (`name` empty)."""

    path: Path
    name: str = ""

    def lines(self) -> Iterator[Line]:
        """Every row, one after the other; UnreadableError where that ends early."""
        return _xlsx_lines(self.path, self.name) if self.name else _csv_lines(self.path)


def sheets_of(path: Path) -> list[Sheet]:
    """What a file holds; UnreadableError when it is no CSV or XLSX, too large, or not what its name says."""
    if not path.is_file():
        raise UnreadableError("there is no such file")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise UnreadableError(f"the file is larger than {MAX_FILE_BYTES // 1024 // 1024} MB; split it")
    if path.suffix.lower() == ".csv":
        return [Sheet(path)]
    if path.suffix.lower() != ".xlsx":
        raise UnreadableError("only .csv and .xlsx files can be read")
    with _workbook(path) as book:
        return [Sheet(path, name) for name in book.sheetnames if book[name] in book.worksheets]


# --- CSV --------------------------------------------------------------------------------------------------------------


def _csv_lines(path: Path) -> Iterator[Line]:
    with path.open(encoding=_encoding_of(path), newline="") as file:
        start = file.readline(_BLOCK)
        file.seek(0)
        # a stray quote must not swallow the rest of the file unnoticed, hence strict
        reader = csv.reader(file, delimiter=max(",;\t", key=start.count), strict=True)
        while True:
            number = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise UnreadableError(f"the quotes or commas are broken ({error})", number) from None
            if number > MAX_ROWS:
                raise UnreadableError(f"there are more than {MAX_ROWS:,} lines; split the file", number)
            if len(cells) > MAX_COLUMNS:
                raise UnreadableError(f"there are more than {MAX_COLUMNS} columns", number)
            yield Line(number, tuple(unguarded(cell) for cell in cells))


def _encoding_of(path: Path) -> str:
    """UTF-8 or UTF-16 if the file is that throughout, else GB18030, which Excel in China writes."""
    with path.open("rb") as file:
        is_utf16 = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        for encoding in ("utf-16",) if is_utf16 else ("utf-8-sig", "gb18030"):
            file.seek(0)
            if _is_text(file, encoding):
                return encoding
    raise UnreadableError("the text is neither UTF-8 nor GB18030")


def _is_text(file: IO[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while block := file.read(_BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


# --- XLSX -------------------------------------------------------------------------------------------------------------


def _xlsx_lines(path: Path, name: str) -> Iterator[Line]:
    with _workbook(path) as book:
        sheet = book[name]
        sheet.reset_dimensions()  # what a file says about its own size is not to be trusted
        try:
            for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
                if number > MAX_ROWS:
                    raise UnreadableError(f"there are more than {MAX_ROWS:,} rows; split the sheet", number)
                cells = [_spelled(value) for value in row]
                while cells and not cells[-1]:
                    cells.pop()
                if len(cells) > MAX_COLUMNS:
                    raise UnreadableError(f"there are more than {MAX_COLUMNS} columns", number)
                yield Line(number, tuple(cells))
        except UnreadableError:
            raise
        except Exception as error:  # openpyxl meets broken XML with whatever it stumbles over
            raise UnreadableError(f"the sheet is damaged ({type(error).__name__})") from error


@contextmanager
def _workbook(path: Path) -> Iterator[Any]:
    from openpyxl import load_workbook  # noqa: PLC0415 - slow and large; the running copilot never needs it

    try:
        _refuse_bombs(path)
        book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except UnreadableError:
        raise
    except Exception as error:  # a damaged or hostile file shows itself in many ways; none may stop the others
        raise UnreadableError(f"this is no XLSX file, or a damaged one ({type(error).__name__})") from error
    try:
        yield book
    finally:
        book.close()


def _refuse_bombs(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        size = sum(part.file_size for part in parts)
        packed = sum(part.compress_size for part in parts)
        if len(parts) > MAX_PARTS or size > MAX_UNPACKED_BYTES or size > _BLOCK + packed * MAX_SWELLING:
            raise UnreadableError("the file swells far beyond its size when unpacked; it was not opened")
        for part in parts:
            # no spreadsheet program writes a DTD; entities are only ever there to do harm
            if part.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in archive.open(part).read(4096).upper():
                raise UnreadableError("the file holds a document type definition; it was not opened")


def _spelled(value: Any) -> str:
    """A cell's value as the text that a CSV of the same sheet would hold."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{Decimal(f'{value:.15g}'):f}"  # Excel itself keeps 15 digits
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return unguarded(str(value))


# --- writing ----------------------------------------------------------------------------------------------------------


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """One CSV file, complete or not there at all. It opens with a byte order mark: Excel needs it to see UTF-8."""
    with _in_one_piece(path) as part, part.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([guarded(cell) for cell in row] for row in rows)


def write_xlsx(path: Path, sheets: Iterable[tuple[str, Sequence[str], Iterable[Sequence[str]]]]) -> None:
    """One workbook with a sheet for each (name, header, rows), complete or not there at all; every cell is text."""
    from openpyxl import Workbook  # noqa: PLC0415 - slow and large; the running copilot never needs it

    book = Workbook(write_only=True)
    for name, header, rows in sheets:
        sheet = book.create_sheet(name)
        sheet.append(list(header))
        for row in rows:
            sheet.append([guarded(cell) or None for cell in row])
    with _in_one_piece(path) as part:
        book.save(part)


def guarded(text: str) -> str:
    """The text so that no spreadsheet program takes it for a formula; characters nobody can see are left out."""
    text = _UNSEEN.sub("", text)
    return f"'{text}" if _is_formula(text) else text


def unguarded(text: str) -> str:
    """What `guarded` was given."""
    return text[1:] if text.startswith("'") and _is_formula(text[1:]) else text


def _is_formula(text: str) -> bool:
    return bool(_FORMULA.match(text)) and not _NUMBER.fullmatch(text)


@contextmanager
def _in_one_piece(path: Path) -> Iterator[Path]:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
