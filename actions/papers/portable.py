"""A paper as PDF: the pages as laid out, with only the letters that occur in it, to be searched and copied."""

from collections.abc import Sequence
from datetime import UTC, datetime, time

from fpdf import FPDF

from actions.papers.inks import RGB
from actions.papers.lay_out import Box, Page
from actions.papers.letters import FILES
from actions.papers.sheet import Sheet


def portable(sheet: Sheet, pages: Sequence[Page]) -> bytes:
    """The PDF of these pages; the same bytes for the same paper."""
    pdf = FPDF(unit="pt")
    pdf.set_auto_page_break(False)
    pdf.set_creation_date(datetime.combine(sheet.day, time(), UTC))
    pdf.set_title(sheet.title)
    pdf.set_lang("zh-CN" if sheet.lang == "zh" else "en")
    for is_bold, file in FILES.items():
        pdf.add_font("paper", "B" if is_bold else "", str(file))
    for page in pages:
        pdf.add_page(format=(page.width, page.height))
        for mark in page.marks:
            if isinstance(mark, Box):
                pdf.set_fill_color(*RGB[mark.ink])
                pdf.rect(mark.x, mark.y, mark.width, mark.height, style="F")
            else:
                pdf.set_font("paper", "B" if mark.is_bold else "", mark.size)
                pdf.set_text_color(*RGB[mark.ink])
                pdf.text(mark.x, mark.y, mark.text)
    return bytes(pdf.output())
