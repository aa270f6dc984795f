"""A page of a paper as PNG: the same marks as in the PDF, sharp on a phone."""

from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw

from actions.papers.inks import RGB
from actions.papers.lay_out import Box, Page
from actions.papers.letters import font

SHARP = 2.5
"""Pixels to a point: phones have two to three."""
_FADES = 14
"""Shades from an ink to its ground."""


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
            letters = font(is_bold=mark.is_bold, size=mark.size * sharp)
            draw.text((mark.x * sharp, mark.y * sharp), mark.text, RGB[mark.ink], letters, anchor="ls")
    written = BytesIO()
    # print has few colours, and a file that knows only these travels faster
    image.quantize(palette=_palette(), dither=Image.Dither.NONE).save(written, "PNG")
    return written.getvalue()


@cache
def _palette() -> Image.Image:
    """Every ink, and its edges where it fades into either ground."""
    grounds = (RGB["white"], RGB["pale"])
    mixed = [
        tuple(round(ink[part] + (ground[part] - ink[part]) * step / _FADES) for part in range(3))
        for name, ink in RGB.items()
        for ground in grounds
        for step in range(_FADES - 2)  # the last would be taken for the ground itself
        if name not in ("white", "pale")
    ]
    colours = list(dict.fromkeys([*RGB.values(), *mixed]))
    image = Image.new("P", (1, 1))
    image.putpalette([part for colour in colours for part in colour])
    return image
