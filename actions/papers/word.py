"""A paper as DOCX, to be changed by hand before it goes out: the same words as in the PDF, in Word's own paragraphs."""

from datetime import UTC, datetime, time
from io import BytesIO
from typing import Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor

from actions.papers.inks import RGB
from actions.papers.sheet import Cell, Citation, Details, Grid, Heading, Paragraph, Points, Sheet, Total

_FONT = "Noto Sans SC"
"""Where it is not installed, the program that opens the file takes one of its own for Chinese."""


def word(sheet: Sheet) -> bytes:
    """The DOCX of a sheet."""
    document = docx.Document()
    style = document.styles["Normal"]
    style.font.name, style.font.size = _FONT, Pt(10.5)
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _FONT)
    document.core_properties.title = sheet.title
    document.core_properties.author = ""
    document.core_properties.created = datetime.combine(sheet.day, time(), UTC)
    _line(document.add_paragraph(), sheet.title, 20, is_bold=True)
    if sheet.subtitle:
        _line(document.add_paragraph(), sheet.subtitle, 10.5, ink="grey")
    for block in sheet.blocks:
        match block:
            case Heading():
                _line(document.add_paragraph(), block.text, 13, is_bold=True, ink="blue")
            case Paragraph():
                document.add_paragraph(block.text)
            case Points():
                for item in block.items:
                    document.add_paragraph(item, style="List Bullet")
            case Details():
                _pairs(document, block)
            case Total():
                _sums(document, block)
            case Citation():
                document.add_paragraph(block.text)
                _line(document.add_paragraph(), block.source, 8.5, ink="grey")
            case Grid():
                _table(document, block)
    if sheet.foot:
        _line(document.sections[0].footer.paragraphs[0], sheet.foot, 8.5, ink="grey")
    written = BytesIO()
    document.save(written)
    return written.getvalue()


def _line(paragraph: Any, text: str, size: float, *, is_bold: bool = False, ink: str = "black") -> None:
    run = paragraph.add_run(text)
    run.bold, run.font.size = is_bold, Pt(size)
    run.font.color.rgb = RGBColor(*RGB[ink])  # type: ignore[index]  # the inks are named above


def _pairs(document: Any, block: Details) -> None:
    table = document.add_table(rows=0, cols=2)
    for label, value in block.rows:
        cells = table.add_row().cells
        _line(cells[0].paragraphs[0], label, 10.5, ink="grey")
        cells[1].paragraphs[0].add_run(value)
    document.add_paragraph()


def _sums(document: Any, block: Total) -> None:
    for number, (label, value) in enumerate(block.rows, start=1):
        paragraph = document.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        _line(paragraph, f"{label}  {value}", 10.5, is_bold=number == len(block.rows))


def _table(document: Any, block: Grid) -> None:
    table = document.add_table(rows=1, cols=len(block.head))
    table.style = "Table Grid"
    for cell, text in zip(table.rows[0].cells, block.head, strict=True):
        _line(cell.paragraphs[0], text, 10.5, is_bold=True)
    for row in block.rows:
        cells = table.add_row().cells
        for number, (cell, held) in enumerate(zip(cells, row, strict=True)):
            _fill(cell, held, is_right=number in block.numbers)
    document.add_paragraph()


def _fill(cell: Any, held: Cell, *, is_right: bool) -> None:
    paragraph = cell.paragraphs[0]
    if is_right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    _line(paragraph, held.text, 10.5, ink="grey" if held.is_faint else "black")
    if held.note:
        _line(cell.add_paragraph(), held.note, 8.5, ink="amber" if held.is_stale else "grey")
