"""A page of a paper as PNG: the same marks as in the PDF, sharp on a phone."""

from io import BytesIO

from PIL import Image, ImageDraw

from actions.papers.inks import RGB
from actions.papers.lay_out import Box, Page
from actions.papers.letters import font

SHARP = 2.5
"""Pixels to a point: phones have two to three."""


def picture(page: Page, sharp: float = SHARP) -> bytes:
    """The PNG of a page, `sharp` pixels to a point."""
    image = Image.new("RGB", (round(page.width * sharp), round(page.height * sharp)), RGB["white"])
    draw = ImageDraw.Draw(image)
    for mark in page.marks:
        if isinstance(mark, Box):
            left, top = mark.x * sharp, mark.y * sharp
            right, bottom = left + mark.width * sharp - 1, top + mark.height * sharp - 1
            draw.rectangle((left, top, max(left, right), max(top, bottom)), RGB[mark.ink])
        else:
            letters = font(is_bold=mark.is_bold, size=round(mark.size * sharp))
            draw.text((mark.x * sharp, mark.y * sharp), mark.text, RGB[mark.ink], letters, anchor="ls")
    written = BytesIO()
    # few colours are enough for print, and make a file that travels
    image.quantize(64, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(written, "PNG")
    return written.getvalue()
